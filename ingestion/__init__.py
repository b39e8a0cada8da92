"""Pulls vendor data into the landing store. Knows nothing of Airflow."""

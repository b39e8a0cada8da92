"""The Airflow DAGs: tables of contents of what runs when. The work itself is in the packages."""

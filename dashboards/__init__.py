"""The Streamlit cockpit. Knows only published versions."""

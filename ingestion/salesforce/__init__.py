"""Salesforce: REST query with SOQL, `nextRecordsUrl` paging, `queryAll` for deletes."""

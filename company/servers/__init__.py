"""Servers that speak Salesforce's, Stripe's and Zendesk's protocols for the demo company.

They show a generated world as of an instant that can be moved, and misbehave on demand.
`running_servers` starts them inside a test, `python -m company.servers` for a demo.
"""

from company.servers.running import Servers, running_servers

__all__ = ["Servers", "running_servers"]

"""Starting, watching and stopping Closebook's services on one machine; nothing imports this."""

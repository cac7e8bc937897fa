"""The content service: pages, in tables that the web site's repository owns."""

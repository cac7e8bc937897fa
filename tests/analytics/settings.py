"""Values of analytics's own settings that cannot work."""

WRONG = {
    "analytics_retention_days": ["30", '{"page.viewed": 0}', '{"page.viewed": 1000000000}', "{"],
}

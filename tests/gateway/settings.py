"""Values of gateway's own settings that cannot work."""

WRONG = {
    "gateway_rate_limits": [
        *("600/60", "[]", "{", '{"default": 600}', '{"default": "0/60"}', '{"default": "600/0"}'),
        *('{"default": "600"}', '{"default": "1e3/60"}', '{"default": null}'),
    ]
}

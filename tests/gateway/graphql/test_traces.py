from tests.chassis.tracing_tiny import TRACE
from tests.gateway.graphql.tiny_graphql import serve_graphql
from tests.support.collector import collecting

SAMPLED = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


async def test_each_field_at_the_top_has_a_span() -> None:
    """It is part of the request's span, whatever the field is named in the answer; inner fields have none."""
    async with collecting() as collector:
        exported = serve_graphql(otel_exporter_otlp_endpoint=collector.address, otel_traces_sampler_arg=1)
        async with exported as tiny:
            query = {"query": "{a:me{id broken} b:things(first:1){id}}"}
            answer = await tiny.client.post("/graphql", json=query, headers=SAMPLED)

    spans = {span.name: span for span in collector.trace(TRACE)}
    assert answer.json()["data"] == {"a": {"id": "me", "broken": None}, "b": [{"id": "0"}]}
    assert spans.keys() == {"POST /graphql", "resolve Query.me", "resolve Query.things"}
    assert spans["resolve Query.me"].parent_id == spans["POST /graphql"].span_id
    assert spans["resolve Query.me"].attributes == {"graphql.field.name": "Query.me"}

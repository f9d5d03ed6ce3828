"""What embedding and rerank containers answer beside the golden files: odd shapes, wrong counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from adapters import formats
from adapters.base import Codec, Decoded, Json, ParameterPolicy, Request
from adapters.errors import InvalidRequest, MalformedReply, UnsupportedParameter
from adapters.formats.cohere_embed import CohereEmbedding
from adapters.formats.hf_embed import HuggingFaceEmbedding
from adapters.formats.openai_embed import OpenAIEmbedding
from adapters.formats.tei_rerank import TeiRerank
from adapters.formats.voyage_embed import VoyageEmbedding
from adapters.openai.parameters import effective
from adapters.openai.rerank import RerankRequest
from adapters.openai.validation import validate
from tests.adapters.formats.golden_file import make_reply, make_target

#: Base64 of 32-bit floats: NaN, and three bytes that are no float.
NAN, TORN = "AADAfw==", "AAAA"


def ask(**params: Any) -> Request:
    policy = ParameterPolicy(allowed=frozenset(params.pop("allowed", ())))
    target = make_target(parameters=policy, **params.pop("target", {}))
    return Request(target=target, params=params, id="id-1", created=1)


def embedding(name: str) -> Codec:
    codec = formats.load(name).embedding
    assert codec is not None
    return codec


def bodies(codec: Codec, request: Request) -> list[Json]:
    return [orjson.loads(payload.body) for payload in codec.encode(request)]


def decode(codec: Codec, request: Request, *replies: Any) -> Decoded:
    payloads = codec.encode(request)
    return codec.decode(request, payloads, tuple(map(make_reply, replies)))


def rows(answer: Decoded) -> list[Any]:
    return [item["embedding"] for item in answer.body["data"]]


@pytest.mark.parametrize("name", ["hf_embed", "tei", "openai_embed", "voyage_embed"])
@pytest.mark.parametrize(
    "reply",
    [
        [[1.0, 2.0], [3.0, 4.0]],
        [[[1, 2], [1, 2]], [[3, 4]]],
        [[[[1, 2], [1, 2]]], [[[3, 4]]]],
        {"embedding": [[1, 2], [3, 4]]},
        {"embeddings": [[1, 2], [3, 4]]},
        {"vectors": [[1, 2], [3, 4]]},
        {"outputs": [[[1, 2]], [[3, 4]]]},
        {"sentence_embeddings": [[1, 2], [3, 4]]},
        {"data": [{"embedding": [1, 2]}, {"embedding": [3, 4]}]},
        {"data": [{"embedding": [3, 4], "index": 1}, {"embedding": [1, 2], "index": 0}]},
        [{"embedding": [1, 2]}, {"embedding": [3, 4]}],
        [{"embedding": [[1, 2]]}, {"embedding": [[3, 4]]}],
    ],
    ids=repr,
)
def test_every_known_shape_gives_the_same_rows(name: str, reply: Any) -> None:
    """The nesting of the first number decides, whatever the container's names are."""
    assert rows(decode(embedding(name), ask(input=["a", "b"]), reply)) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("reply", [[1, 2], {"embedding": [1, 2]}, [[[1, 1], [1, 3]]]], ids=repr)
def test_a_single_input_may_have_a_bare_row(reply: Any) -> None:
    """One row without further nesting is the vector of the only input."""
    assert rows(decode(HuggingFaceEmbedding(), ask(input="a"), reply)) == [[1, 2]]


@pytest.mark.parametrize("name", ["hf_embed", "tei", "openai_embed", "voyage_embed"])
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ([1, 2], "1 embeddings for 2"),
        ([[1, 2]], "1 embeddings for 2"),
        ([[1], [2], [3]], "3 embeddings for 2"),
        ([[[1, 2], [3, 4]]], "1 embeddings for 2"),
        ([[1, 2], [3]], "different lengths"),
        ([[1, None], [3, 4]], "no shape"),
        ([[1, True], [3, 4]], "no shape"),
        ([[1, "2"], [3, 4]], "no shape"),
        ([[1, 2], []], "no shape"),
        ([[1, 2], 3], "no shape"),
        ([[[1, 2], [3]], [[1, 2]]], "no shape"),
        ([[[1, 2]], []], "no shape"),
        ([[[1, 2]], [3, 4]], "no shape"),
        ([[[[1]], [[2]]], [[[3]]]], "no shape"),
        ([[[[[1]]]], [[[[2]]]]], "no shape"),
        ({"data": [{"embedding": [1]}, {"embedding": [2], "index": 0}]}, "no shape"),
        ({"data": [{"embedding": [1], "index": 1}, {"embedding": [2], "index": 2}]}, "no shape"),
        ({"data": [{"embedding": [1]}, {"vector": [2]}]}, "no shape"),
        ({"data": [{"embedding": NAN}, {"embedding": NAN}]}, "no shape"),
        ({"data": [{"embedding": TORN}, {"embedding": TORN}]}, "no shape"),
        ({"data": [{"embedding": "%"}, {"embedding": "%"}]}, "no shape"),
        ({"data": [{"embedding": ""}, {"embedding": ""}]}, "no shape"),
        ({"embedding": {"a": 1}}, "no shape"),
        (b"[[NaN], [1]]", "JSON"),
        (b"[[1e999], [1]]", "JSON"),
    ],
    ids=repr,
)
def test_rows_that_do_not_fit_the_inputs_are_502(name: str, reply: Any, words: str) -> None:
    """Each input has exactly one row of finite numbers, all of one length, or nobody has one."""
    with pytest.raises(MalformedReply) as caught:
        decode(embedding(name), ask(input=["a", "b"]), reply)
    assert words in caught.value.message
    assert caught.value.status == 502


def test_a_number_beyond_32_bits_is_not_packed_as_infinity() -> None:
    """Base64 holds 32-bit floats: what is larger is a 502, not a silent infinity."""
    with pytest.raises(MalformedReply):
        decode(HuggingFaceEmbedding(), ask(input="a", encoding_format="base64"), [1e300])


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        (HuggingFaceEmbedding(batch_size=2), "inputs"),
        (OpenAIEmbedding(batch_size=2), "input"),
        (VoyageEmbedding(batch_size=2), "input"),
        (CohereEmbedding(batch_size=2), "texts"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_batches_keep_the_order_of_the_inputs(codec: Codec, name: str) -> None:
    """Five inputs at two a call make three calls, joined in order; each has its own count."""
    request = ask(input=["a", "b", "c", "d", "e"])
    sent = [body[name] for body in bodies(codec, request)]
    assert sent == [["a", "b"], ["c", "d"], ["e"]]
    answer = decode(codec, request, [[1], [2]], [[3], [4]], [[5]])
    assert rows(answer) == [[1], [2], [3], [4], [5]]
    with pytest.raises(MalformedReply, match="3 embeddings for 2"):
        decode(codec, request, [[1], [2], [3]], [[4]], [[5]])
    with pytest.raises(MalformedReply, match="different lengths"):
        decode(codec, request, [[1], [2]], [[3], [4]], [[5, 6]])


@pytest.mark.parametrize(
    "codec",
    [
        HuggingFaceEmbedding(batch_size=None),
        OpenAIEmbedding(),
        VoyageEmbedding(batch_size=None),
        CohereEmbedding(batch_size=None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_without_a_limit_nothing_is_split(codec: Codec) -> None:
    """A container without a limit gets all inputs in one call."""
    assert len(codec.encode(ask(input=["a"] * 2048))) == 1


def test_usage_is_the_containers_only_if_every_call_counted() -> None:
    """Half a count is no count: then all inputs are estimated, and it is said."""
    counted = {"data": [{"embedding": [1]}], "usage": {"prompt_tokens": 5}}
    for second in ([[1]], {**counted, "usage": {"prompt_tokens": True}}, {**counted, "usage": 3}):
        answer = decode(HuggingFaceEmbedding(batch_size=1), ask(input=["a", "b"]), counted, second)
        assert answer.usage_source == "estimate"
        assert answer.body["usage"] == {"prompt_tokens": 2, "total_tokens": 2, "estimated": True}
    answer = decode(HuggingFaceEmbedding(batch_size=1), ask(input=["a", "b"]), counted, counted)
    assert answer.body["usage"] == {"prompt_tokens": 10, "total_tokens": 10}


@pytest.mark.parametrize("name", ["text_inputs", "sentences", "instances"])
def test_a_container_may_want_its_inputs_under_another_name(name: str) -> None:
    """`embedding_key` names the inputs; a request can't write that key, nor the usual one."""
    odd = {"inputs": ["x"], name: ["x"], "truncate": True}
    request = ask(input=["a"], target={"embedding_key": name}, **odd)
    assert bodies(HuggingFaceEmbedding(), request) == [{name: ["a"], "truncate": True}]
    assert rows(decode(HuggingFaceEmbedding(), request, [[1]])) == [[1]]


@pytest.mark.parametrize("name", ["hf_embed", "tei", "openai_embed", "cohere_embed"])
@pytest.mark.parametrize(
    "reply", [[[[1, 2], [3, 4]], [[5, 6]]], [[[[1, 2], [3, 4]]], [[[5, 6]]]]], ids=repr
)
def test_the_first_tokens_vector_may_stand_for_the_input(name: str, reply: Any) -> None:
    """`embedding_pooling: first` takes the first token's vector, also where layers are nested."""
    first = ask(input=["a", "b"], target={"embedding_pooling": "first"})
    assert rows(decode(embedding(name), first, reply)) == [[1, 2], [5, 6]]
    assert rows(decode(embedding(name), ask(input=["a", "b"]), reply)) == [[2, 3], [5, 6]]
    torn = [[[1, 2], [3]], [[5, 6]]]
    with pytest.raises(MalformedReply):
        decode(embedding(name), first, torn)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("hf_embed", "inputs"),
        ("tei", "inputs"),
        ("openai_embed", "input"),
        ("voyage_embed", "input"),
        ("cohere_embed", "texts"),
    ],
)
def test_the_operator_knows_the_containers_limit(name: str, key: str) -> None:
    """`batch_size` is the limit of a call, smaller or larger than the dialect's own."""
    small = ask(input=["a", "b", "c"], target={"batch_size": 2})
    assert [body[key] for body in bodies(embedding(name), small)] == [["a", "b"], ["c"]]
    assert rows(decode(embedding(name), small, [[1], [2]], [[3]])) == [[1], [2], [3]]
    large = ask(input=["a"] * 2000, target={"batch_size": 2000})
    assert len(embedding(name).encode(large)) == 1


def test_the_limit_holds_for_documents_and_never_joins_images() -> None:
    """`batch_size` splits a rerank's documents; Cohere takes a single image whatever it says."""
    ranked = ask(query="q", documents=["a", "b", "c"], target={"batch_size": 1})
    assert [body["texts"] for body in bodies(TeiRerank(), ranked)] == [["a"], ["b"], ["c"]]
    images = ask(input=["data:image/png;base64,AA=="] * 2, target={"batch_size": 9})
    assert len(bodies(CohereEmbedding(), images)) == 2


@pytest.mark.parametrize("name", ["hf_embed", "tei"])
def test_dimensions_need_the_operators_leave(name: str) -> None:
    """A model without dimensions of its own is not cut behind the operator's back."""
    with pytest.raises(UnsupportedParameter) as caught:
        embedding(name).encode(ask(input="a", dimensions=2))
    assert caught.value.param == "dimensions"
    assert bodies(embedding(name), ask(input="a", dimensions=None)) == [{"inputs": ["a"]}]


def test_allowed_dimensions_are_cut_here_or_forwarded() -> None:
    """A plain container's rows are cut and scaled to length 1; TEI cuts them itself."""
    request = ask(input="a", dimensions=2, allowed=["dimensions"])
    assert bodies(embedding("hf_embed"), request) == [{"inputs": ["a"]}]
    assert rows(decode(embedding("hf_embed"), request, [[3, 4, 12]])) == [[0.6, 0.8]]
    assert rows(decode(embedding("hf_embed"), request, [[0, 0, 1]])) == [[0, 0]]
    assert bodies(embedding("tei"), request) == [{"inputs": ["a"], "dimensions": 2}]
    assert rows(decode(embedding("tei"), request, [[3, 4]])) == [[3, 4]]
    with pytest.raises(InvalidRequest) as caught:
        decode(embedding("hf_embed"), request, [[1]])
    assert (caught.value.param, caught.value.status) == ("dimensions", 400)


@pytest.mark.parametrize("name", ["cohere_embed", "voyage_embed"])
@pytest.mark.parametrize("given", [[1, 2], [[1], [2]]], ids=repr)
def test_text_containers_take_no_token_ids(name: str, given: Any) -> None:
    """Token ids are a 400 that names the parameter, never a container's traceback."""
    with pytest.raises(InvalidRequest) as caught:
        embedding(name).encode(ask(input=given))
    assert (caught.value.param, caught.value.status) == ("input", 400)


def test_texts_and_images_do_not_mix() -> None:
    """Cohere has a list for each; one request has one of them."""
    with pytest.raises(InvalidRequest):
        CohereEmbedding().encode(ask(input=["a", "data:image/png;base64,AA=="]))


@pytest.mark.parametrize(
    ("reply", "tokens"),
    [
        ({"embeddings": {"int8": [[1]]}, "meta": {"billed_units": {"input_tokens": 4.0}}}, 4),
        ({"embeddings": {"int8": [[1]]}, "meta": {"billed_units": {"input_tokens": "4"}}}, None),
        ({"embeddings": {"int8": [[1]]}, "meta": {"billed_units": {}}}, None),
        ({"embeddings": {"int8": [[1]]}, "meta": {}}, None),
        ([[1]], None),
    ],
    ids=repr,
)
def test_cohere_counts_what_is_billed(reply: Any, tokens: int | None) -> None:
    """The billed tokens are the usage; without a number there the text is estimated."""
    answer = decode(CohereEmbedding(), ask(input="a", embedding_types=["int8"]), reply)
    assert rows(answer) == [[1]]
    source = "estimate" if tokens is None else "container"
    assert (answer.body["usage"]["prompt_tokens"], answer.usage_source) == (tokens or 1, source)


@pytest.mark.parametrize(
    "reply", [{"embeddings": {}}, {"embeddings": {"float": [[1], [2]]}}], ids=repr
)
def test_cohere_rows_by_type_are_checked_too(reply: Any) -> None:
    """Vectors by type follow the same rule: one for each input."""
    with pytest.raises(MalformedReply):
        decode(CohereEmbedding(), ask(input="a"), reply)


def test_dropped_parameters_reach_no_openai_container() -> None:
    """`additional_drop_params` holds for a container that takes everything else."""
    request = ask(input="a", user="u", encoding_format="float")
    policy = ParameterPolicy(dropped=frozenset({"encoding_format"}))
    target = make_target(parameters=policy)
    params = effective(request.params, target, "embedding")
    request = replace(request, target=target, params=params)
    assert bodies(OpenAIEmbedding(), request) == [{"input": "a", "user": "u"}]


ASK = {"query": "q", "documents": ["a", "b", {"text": "c"}]}


@pytest.mark.parametrize(
    "reply",
    [
        [{"index": 0, "score": 1}, {"index": 1, "score": 1}],
        [{"index": 0, "score": 1}, {"index": 1, "score": 1}, {"index": 3, "score": 1}],
        [{"index": 0, "score": 1}, {"index": 1, "score": 1}, {"index": -1, "score": 1}],
        [{"index": 0, "score": 1}, {"index": 1, "score": 1}, {"index": 1, "score": 1}],
        [{"index": i % 3, "score": 1} for i in range(4)],
        [{"index": i, "score": None} for i in range(3)],
        [{"index": i, "score": True} for i in range(3)],
        [{"index": str(i), "score": 1} for i in range(3)],
        [{"index": bool(i), "score": 1} for i in range(3)],
        [{"index": i} for i in range(3)],
        b'[{"index": 0, "score": NaN}]',
    ],
    ids=repr,
)
def test_scores_that_do_not_fit_the_documents_are_502(reply: Any) -> None:
    """Each document has exactly one score; nothing is ranked with a hole in it."""
    with pytest.raises(MalformedReply) as caught:
        decode(TeiRerank(), ask(**ASK), reply)
    assert caught.value.status == 502


def test_equal_scores_keep_the_clients_order() -> None:
    """Ranking is stable, across calls as well; `top_n` may be more than there are."""
    codec = TeiRerank(batch_size=2)
    first = [{"index": 1, "score": 0.5}, {"index": 0, "score": 0.5}]
    answer = decode(codec, ask(**ASK, top_n=9), first, [{"index": 0, "score": 0.5}])
    assert [result["index"] for result in answer.body["results"]] == [0, 1, 2]
    assert not any("document" in result for result in answer.body["results"])


def test_rerank_parameters_that_tei_lacks_are_named() -> None:
    """Cohere's further parameters are a 400; null is as good as nothing; others pass."""
    with pytest.raises(UnsupportedParameter) as caught:
        TeiRerank().encode(ask(**ASK, rank_fields=["title"]))
    assert caught.value.param == "rank_fields"
    sent = bodies(TeiRerank(batch_size=None), ask(**ASK, top_n=None, truncate=False, extra=1))
    flags = {"raw_scores": False, "return_text": False, "truncate": False}
    assert sent == [{"query": "q", "texts": ["a", "b", "c"], **flags, "extra": 1}]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"query": ""}, "query"),
        ({"query": None}, "query"),
        ({"documents": []}, "documents"),
        ({"documents": "a"}, "documents"),
        ({"documents": ["a"] * 1001}, "documents"),
        ({"documents": ["a", 3]}, "documents[1]"),
        ({"documents": ["a", {"txt": "b"}]}, "documents[1]"),
        ({"documents": [3] * 300_000}, "documents[0]"),
        ({"top_n": 0}, "top_n"),
        ({"return_documents": "yes"}, "return_documents"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_rerank_faults_name_the_parameter(change: Json, param: str) -> None:
    """Each fault of a rerank request names its place."""
    validate(RerankRequest, {"model": "m", **ASK})
    with pytest.raises(InvalidRequest) as caught:
        validate(RerankRequest, {"model": "m", **ASK, **change})
    assert (caught.value.param or "").startswith(param)

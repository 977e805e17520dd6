"""How a model's directory must look for each kind of server, and what is said of one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelinfra.catalog.layouts.files import ANY_DIRECTORY, GGUF, HUGGING_FACE, RAY_APPLICATION, TORCH_ARCHIVE, one_file
from modelinfra.catalog.layouts.found import FoundModel, Layout, ModelDirectoryError
from modelinfra.catalog.layouts.tensorflow import NAMED_ELSEWHERE, VERSIONED_SAVED_MODEL
from modelinfra.catalog.layouts.triton import TRITON_MODEL, TRITON_REPOSITORY
from modelinfra.catalog.servers import SERVERS

PICKLE = one_file("A server", ".joblib", ".pkl")
RAY = "applications:\n- {{route_prefix: {route}, import_path: 'app:app'}}\n{rest}"


def laid(root: Path, files: dict[str, str], folder: str = "iris") -> Path:
    for path, content in files.items():
        (root / folder / path).parent.mkdir(parents=True, exist_ok=True)
        (root / folder / path).write_text(content)
    (root / folder).mkdir(exist_ok=True)
    return root / folder


def files(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "w")


@pytest.mark.parametrize(
    ("layout", "given", "found"),
    [
        (VERSIONED_SAVED_MODEL, files("1/saved_model.pb", "20/saved_model.pb", "labels.txt"), FoundModel("iris")),
        (TRITON_REPOSITORY, files("net/1/model.onnx"), FoundModel("net")),
        (TRITON_REPOSITORY, files("net/1/model.onnx", "iris/1/a", "iris/config.pbtxt"), FoundModel("iris")),
        (TORCH_ARCHIVE, files("net.mar", ".hidden.mar"), FoundModel("net", "net.mar")),
        (HUGGING_FACE, files("config.json", "model-00001-of-00002.safetensors"), FoundModel("iris")),
        (GGUF, files("a.gguf", "README.md"), FoundModel("iris", "a.gguf")),
        (GGUF, files("a-00001-of-00002.gguf", "a-00002-of-00002.gguf"), FoundModel("iris", "a-00001-of-00002.gguf")),
        (PICKLE, files("m.pkl", "notes.txt"), FoundModel("iris", "m.pkl")),
        (
            RAY_APPLICATION,
            {"serve_config.yaml": RAY.format(route="/ask", rest="")},
            FoundModel("ask", "serve_config.yaml"),
        ),
        (ANY_DIRECTORY, files("x"), FoundModel("iris")),
    ],
)
def test_a_right_directory_gives_name_and_file(
    layout: Layout, given: dict[str, str], found: FoundModel, tmp_path: Path
) -> None:
    assert layout.check(laid(tmp_path, given), "/models") == found


@pytest.mark.parametrize(
    ("layout", "given", "fact"),
    [
        (VERSIONED_SAVED_MODEL, files("saved_model.pb"), "has no folder whose name is a number"),
        (VERSIONED_SAVED_MODEL, files("v1/saved_model.pb"), "has no folder whose name is a number"),
        (VERSIONED_SAVED_MODEL, files("1/saved_model.pb", "2/model.h5"), "there is no saved_model.pb in"),
        (TRITON_REPOSITORY, files("1/model.onnx"), "is a model, not a repository of models"),
        (TRITON_REPOSITORY, files("config.pbtxt", "x/1/a"), "is a model, not a repository of models"),
        (TRITON_REPOSITORY, files("model.onnx"), "has no folder"),
        (TRITON_REPOSITORY, files("net/model.onnx"), "has no folder whose name is a number"),
        (TRITON_REPOSITORY, files("a/1/x", "b/1/x"), "holds a, b"),
        (TORCH_ARCHIVE, files("net.pt"), "there is no .mar file in"),
        (TORCH_ARCHIVE, files("a.mar", "b.mar"), "holds a.mar and b.mar"),
        (TORCH_ARCHIVE, files("my net.mar"), "names the model 'my net'"),
        (HUGGING_FACE, files("model.safetensors"), "there is no config.json"),
        (HUGGING_FACE, files("config.json"), "there are no weights"),
        (GGUF, files("model.safetensors"), "there is no .gguf file"),
        (GGUF, files("a-00001-of-00003.gguf", "a-00002-of-00003.gguf"), "holds a-00001"),
        (PICKLE, files("a.pkl", "b.joblib"), "holds a.pkl and b.joblib"),
        (RAY_APPLICATION, files("app.py"), "there is no serve_config.yaml with one application"),
        (RAY_APPLICATION, {"serve_config.yaml": "["}, "is not YAML"),
        (RAY_APPLICATION, {"serve_config.yaml": "applications: []"}, "there is no serve_config.yaml with one"),
        (RAY_APPLICATION, {"serve_config.yaml": RAY.format(route="/", rest="")}, "is at /"),
        (
            RAY_APPLICATION,
            {"serve_config.yaml": RAY.format(route="/ask", rest="http_options: {host: 127.0.0.1}\n")},
            "listens on 127.0.0.1:8000",
        ),
    ],
)
def test_a_directory_that_the_server_would_not_serve_is_refused(
    layout: Layout, given: dict[str, str], fact: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelDirectoryError) as refused:
        layout.check(laid(tmp_path, given), "/models")
    assert fact in refused.value.fact
    assert refused.value.reason
    assert refused.value.remedy


def test_a_folder_whose_name_cannot_stand_in_a_url_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelDirectoryError, match="Rename the folder: letters, digits"):
        ANY_DIRECTORY.check(laid(tmp_path, files("x"), folder="my model"), "/models")


@pytest.mark.parametrize("name", [name for name, row in SERVERS.items() if row.layout])
def test_every_layout_refuses_what_is_no_directory(name: str, tmp_path: Path) -> None:
    layout = SERVERS[name].layout
    assert layout is not None
    with pytest.raises(ModelDirectoryError, match="there is no directory"):
        layout.check(tmp_path / "none", "/models")


PYTHON = 'name: "fraud"\nbackend: "python"\ninput [ { name: "x" } ]'


@pytest.mark.parametrize(
    ("layout", "given", "name"),
    [
        (TRITON_MODEL, files("1/model.onnx"), "fraud"),
        (TRITON_MODEL, {"config.pbtxt": 'name: "other"\ninput [\n  { name: "x" }\n]', "1/model.onnx": "w"}, "other"),
        (TRITON_MODEL, {"config.pbtxt": 'input [\n  {\n    name: "x"\n  }\n]', "1/model.onnx": "w"}, "fraud"),
        (NAMED_ELSEWHERE, files("1/saved_model.pb"), "fraud"),
    ],
)
def test_one_of_several_has_the_name_of_the_folder_where_it_will_lie_unless_its_files_say_another(
    layout: Layout, given: dict[str, str], name: str, tmp_path: Path
) -> None:
    assert layout.check(laid(tmp_path, given), "/models/fraud") == FoundModel(name)


def test_one_of_several_says_what_a_repository_says_too(tmp_path: Path) -> None:
    found = TRITON_MODEL.check(laid(tmp_path, {"config.pbtxt": PYTHON, "1/model.py": "w"}), "/models/fraud")
    assert "uses Triton's Python backend" in found.shared_memory_because
    with pytest.raises(ModelDirectoryError, match="has no folder whose name is a number"):
        TRITON_MODEL.check(laid(tmp_path, files("net/1/model.onnx"), "repository"), "/models/fraud")
    with pytest.raises(ModelDirectoryError, match=r"there is no saved_model\.pb"):
        NAMED_ELSEWHERE.check(laid(tmp_path, files("1/model.onnx"), "onnx"), "/models/served/fraud")

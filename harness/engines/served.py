"""Which model answers at an endpoint, what the server says of it, and whether it may be asked at all."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from harness import assets, privacy
from harness.engines.client import RETRIED, Client, Fault, at_root, get
from harness.engines.deadline import pool_manager
from harness.engines.runtime import quiet
from harness.errors import AssetError, PrivacyError, RunError, SettingsError
from harness.files import digest, digest_file
from harness.lineup import ServerSettings
from harness.torn import named_if_torn

LOOK_SECONDS = 10.0
LOOK_RETRIES = 2
SHOWN_MODELS = 10
MODELS = "/models"


@dataclass(frozen=True)
class Served:
    """The model behind an endpoint. `dialect` is who lists it ("vllm", "llamacpp" or another), `says` all that the
    server says of model and version, `context` its room in tokens (0: it does not say)."""

    model: str
    dialect: str
    says: Mapping[str, Any]
    context: int


def client_for(settings: ServerSettings) -> Client:
    privacy.allow(settings.hosts)
    if not privacy.may_reach(settings.host):
        raise PrivacyError(
            f"the server at {settings.host} was not asked: the corpus that is loaded is restricted, and what a shared "
            "server logs and caches is a copy of it",
            todo="use a server on this machine; or, if these data may be copied to that one, name it in the lineup's "
            f'[engine]: hosts = ["{settings.host}"]',
        )
    pool = pool_manager(settings.concurrency)
    return Client(settings.url.rstrip("/"), settings.timeout, settings.retries, _key(settings), pool)


def _key(settings: ServerSettings) -> str:
    if not settings.api_key_env:
        return ""
    key = os.environ.get(settings.api_key_env, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise SettingsError(
            f"the variable {settings.api_key_env} of the environment holds no key",
            todo=f"export {settings.api_key_env}=... in this shell",
        )
    return key


def look(client: Client, settings: ServerSettings) -> Served:
    """Which model answers, and what the server says of it. Raises RunError where nobody answers."""
    page = _glance(client, MODELS, settings.host)
    listed = get(page, "data")
    entries = {get(entry, "id"): entry for entry in listed if _is_entry(entry)} if isinstance(listed, list) else {}
    model = settings.model or _only(sorted(entries), settings.host)
    names = _listed_as(model)
    entry: Mapping[str, Any] = next((entries[name] for name in names if name in entries), {})
    dialect = str(entry.get("owned_by", ""))
    says = {name: value for name in ("owned_by", "parent", "max_model_len", "meta") if (value := entry.get(name))}
    if root := entry.get("root"):
        says["root"] = name_of(str(root))
    more, room = _more(at_root(client), dialect, names, settings.host)
    base = entries.get(str(entry.get("parent")), {})  # vLLM says the room of a model, not of an adapter on it
    rooms = [known for known in (entry.get("max_model_len"), base.get("max_model_len"), room) if isinstance(known, int)]
    return Served(model, dialect, {**says, **more}, next(iter(rooms), 0))


def _is_entry(entry: Any) -> bool:
    return isinstance(get(entry, "id"), str)


def _listed_as(model: str) -> tuple[str, ...]:
    """The names that a model may be listed by: Ollama answers to `llama3` and lists it as `llama3:latest`."""
    return (model,) if ":" in model.rpartition("/")[2] else (model, f"{model}:latest")


def _only(models: Sequence[str], host: str) -> str:
    if len(models) == 1:
        return models[0]
    shown = ", ".join(map(repr, models[:SHOWN_MODELS])) + ", ..." * (len(models) > SHOWN_MODELS)
    raise SettingsError(
        f"the lineup names no model, and the server at {host} lists {len(models) or 'none'}",
        todo='write model = "NAME" into the lineup\'s [engine]' + (f"; there are: {shown}" if models else ""),
    )


def _more(root: Client, dialect: str, names: Collection[str], host: str) -> tuple[dict[str, Any], Any]:
    """(version, build and digest where a server of this kind says them, its room in tokens where it does)."""
    if dialect == "vllm":
        return {"version": get(_glance(root, "/version", host), "version")}, None
    if dialect == "llamacpp":
        props = _glance(root, "/props", host)
        said = {"version": get(props, "build_info"), "file": name_of(str(get(props, "model_path") or ""))}
        template = digest(get(props, "chat_template"))
        return {**said, "chat_template": template}, get(get(props, "default_generation_settings"), "n_ctx")
    version = get(_glance(root, "/api/version", host), "version")
    if version is None:
        return {}, None
    tags = get(_glance(root, "/api/tags", host), "models")
    listed = tags if isinstance(tags, list) else []
    named = [one for one in listed if get(one, "name") in names or get(one, "model") in names]
    return {"version": version, "digest": get(next(iter(named), None), "digest")}, None


def _glance(client: Client, path: str, host: str) -> Any:
    """What stands there; None where no such page is, as with most servers, or where it is kept from us, which only the
    list of models may not be. What a server says of itself is part of a run's identity, so it may not be missing
    because of a moment's weakness."""
    brief = replace(client, timeout=min(LOOK_SECONDS, client.timeout), retries=min(LOOK_RETRIES, client.retries))
    try:
        return brief.ask("GET", path)
    except Fault as fault:
        kept_from_us = path != MODELS and 300 <= fault.status < 500 and fault.status not in RETRIED
        if fault.status in (404, 405, 501) or 200 <= fault.status < 300 or kept_from_us:
            return None
        refuse_all(fault, host)
        raise RunError(
            f"the server at {host} does not say which model it has: {fault.reason}",
            todo="start it, or correct url in the lineup's [engine]; what was generated before is kept",
        ) from None


def refuse_all(fault: Fault, host: str) -> None:
    """Raise RunError for a status that says that no prompt will fare better."""
    todo = {
        401: "set api_key_env in the lineup's [engine] to the variable that holds a key which it accepts",
        403: "set api_key_env in the lineup's [engine] to the variable that holds a key which it accepts",
        404: "check model and url in the lineup's [engine]; url ends in /v1 as a rule",
        405: "check url in the lineup's [engine]; it ends in /v1 as a rule",
    }.get(fault.status, "")
    if 300 <= fault.status < 400:
        todo = "it sends its callers elsewhere, which is not followed: write the final address into url"
    if todo:
        raise RunError(f"the server at {host} answered with status {fault.status}", todo=todo)


def name_of(model: str) -> str:
    """A model's name without the folders of the machine that it lies on; a hub's `owner/name` stays whole."""
    is_path = model.startswith(("/", ".", "~")) or len(PurePath(model).parts) > 2
    return PurePath(model).name if is_path else model


# --------------------------------------------------------------------------- a tokenizer at hand

_TO_HOLD_A_TOKENIZER = "name the folder that holds the model's tokenizer.json and tokenizer_config.json"


def tokenizer_folder(name: str) -> Path:
    """An asset's folder or a local one."""
    if name in assets.ASSETS:
        return assets.path(name)
    folder = Path(name).expanduser().absolute()
    if not folder.is_dir():
        raise AssetError(
            f"'{name}' is no tokenizer: it is neither the name of an asset nor a folder",
            todo=_TO_HOLD_A_TOKENIZER,
        )
    return folder


def tokenizer_digest(folder: Path) -> str:
    """Digest of the small files, which the tokenizer and its chat template are; the weights may lie beside them."""
    files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".jinja", ".model", ".txt"))
    return digest({path.name: digest_file(path) for path in files})


def load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    with quiet(), named_if_torn(f"the tokenizer in {folder}", _TO_HOLD_A_TOKENIZER):
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)

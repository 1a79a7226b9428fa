"""The public names: what a plugin imports."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.assets import place
    from harness.corpora.instructions import read_instructions
    from harness.engines.loading import ADAPTER_CONFIG, ADAPTER_WEIGHTS
    from harness.errors import AssetError, CannotJudge, SettingsError
    from harness.nlp.concepts import compare_concepts, open_matcher
    from harness.nlp.contextual import ContextualEncoder, KeptVectors, open_contextual
    from harness.nlp.entailment import Division, Entailment, divide, open_entailment
    from harness.nlp.sentences import punkt_digest, punkt_parameters
    from harness.plugins import scorer, system, task
    from harness.prepare import arrange
    from harness.selection.learned import Learned, read_fitted
    from harness.selection.rules import Rules, minimum_bayes_risk
    from harness.selection.weighted import ByField, Weighted
    from harness.types import (
        Arranged,
        Candidate,
        Case,
        Column,
        Completion,
        Context,
        Example,
        Failure,
        Field,
        Lesson,
        Message,
        ModelInput,
        Offer,
        Pair,
        Part,
        Pool,
        Prompt,
        PublishedScript,
        Runner,
        Sampling,
        Scorer,
        ScoringContext,
        Section,
        Selector,
        Signature,
        SubmissionFormat,
        Task,
        Tuning,
    )

__version__ = "0.1.0"

__all__ = [
    "ADAPTER_CONFIG",
    "ADAPTER_WEIGHTS",
    "Arranged",
    "AssetError",
    "ByField",
    "Candidate",
    "CannotJudge",
    "Case",
    "Column",
    "Completion",
    "Context",
    "ContextualEncoder",
    "Division",
    "Entailment",
    "Example",
    "Failure",
    "Field",
    "KeptVectors",
    "Learned",
    "Lesson",
    "Message",
    "ModelInput",
    "Offer",
    "Pair",
    "Part",
    "Pool",
    "Prompt",
    "PublishedScript",
    "Rules",
    "Runner",
    "Sampling",
    "Scorer",
    "ScoringContext",
    "Section",
    "Selector",
    "SettingsError",
    "Signature",
    "SubmissionFormat",
    "Task",
    "Tuning",
    "Weighted",
    "arrange",
    "compare_concepts",
    "divide",
    "minimum_bayes_risk",
    "open_contextual",
    "open_entailment",
    "open_matcher",
    "place",
    "punkt_digest",
    "punkt_parameters",
    "read_facts",
    "read_fitted",
    "read_instructions",
    "scorer",
    "system",
    "task",
]


_ELSEWHERE = {
    "ADAPTER_CONFIG": "harness.engines.loading",
    "ADAPTER_WEIGHTS": "harness.engines.loading",
    "AssetError": "harness.errors",
    "ByField": "harness.selection.weighted",
    "CannotJudge": "harness.errors",
    "ContextualEncoder": "harness.nlp.contextual",
    "Division": "harness.nlp.entailment",
    "Entailment": "harness.nlp.entailment",
    "KeptVectors": "harness.nlp.contextual",
    "Learned": "harness.selection.learned",
    "Rules": "harness.selection.rules",
    "SettingsError": "harness.errors",
    "Weighted": "harness.selection.weighted",
    "arrange": "harness.prepare",
    "divide": "harness.nlp.entailment",
    "open_contextual": "harness.nlp.contextual",
    "open_entailment": "harness.nlp.entailment",
    "place": "harness.assets",
    "punkt_digest": "harness.nlp.sentences",
    "punkt_parameters": "harness.nlp.sentences",
    "compare_concepts": "harness.nlp.concepts",
    "minimum_bayes_risk": "harness.selection.rules",
    "open_matcher": "harness.nlp.concepts",
    "read_facts": "harness.corpora.ward.matcher",
    "read_fitted": "harness.selection.learned",
    "read_instructions": "harness.corpora.instructions",
    "scorer": "harness.plugins",
    "system": "harness.plugins",
    "task": "harness.plugins",
}


def __getattr__(name: str) -> Any:
    # To make two dozen dataclasses takes a third of `harness --help`: a name is imported when it is first used.
    if name not in __all__:
        raise AttributeError(f"module 'harness' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_ELSEWHERE.get(name, "harness.types")), name)
    return value

"""Class names, said in sentences, become directions in CLIP's space."""

import unicodedata
from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Progress
from tlstudio.zeroshot.events import OTHER, Asked, Question, QuestionRead, Vectors
from tlstudio.zeroshot.store import EmbeddingStore, text_digest

if TYPE_CHECKING:
    from tlstudio.zeroshot.models import LoadedClip

Prompts = dict[str, tuple[str, ...]]

SLOT = "{}"
SYNONYM = "|"
NEUTRAL = ("something", "anything")  # what independent classes are judged against where no others are named
_BATCH = 64  # prompts embedded at once
_KEPT = 20_000  # embeddings kept a model, at about 2 KB each


def words_of(name: str) -> tuple[str, ...]:
    """The words that mean one class, spare spaces and empty ones left out: "sofa | couch"."""
    return tuple(filter(None, (" ".join(word.split()) for word in name.split(SYNONYM))))


def check_question(question: Question) -> None:
    """
    Raises:
        BadInput: too few class names, an empty or repeated one (case ignored), no template, or one
            without ``{}``.
    """
    _parts(question)


def prompts_for(question: Question) -> Prompts:
    """The sentences by class, a class being called by its first word; :data:`OTHER` last, if it is asked for.

    Raises:
        BadInput: as :func:`check_question`.
    """
    classes, others = _parts(question)
    named = {words[0]: words for words in classes} | ({OTHER: others} if others else {})
    return {name: sentences(words, question.templates) for name, words in named.items()}


def sentences(words: Iterable[str], templates: Sequence[str]) -> tuple[str, ...]:
    """Each word in each template."""
    return tuple(template.replace(SLOT, word) for word in words for template in templates)


def ask(
    clip: "LoadedClip", question: Question, control: Control, store: EmbeddingStore | None = None
) -> Generator[Event, None, Asked]:
    """Read a question: yields Progress and one QuestionRead, whose ``asked`` is returned.

    A class is the mean of its sentences' vectors, made as long as one: open_clip's
    ``build_zero_shot_classifier`` on the same sentences.
    """
    prompts = prompts_for(question)
    words = [word for name in question.others for word in words_of(name)] or NEUTRAL
    neutral = sentences(words, question.templates)
    known = yield from embed_sentences(
        clip, [*neutral, *(text for texts in prompts.values() for text in texts)], control, store
    )
    asked = Asked(
        classes=tuple(prompts),
        vectors=np.stack([_mean(known, texts) for texts in prompts.values()]),
        neutral=_mean(known, neutral)[None],
        logit_scale=clip.ready.logit_scale,
        logit_bias=clip.ready.logit_bias,
        independent=question.independent or clip.ready.logit_bias is not None,
        threshold=question.threshold,
    )
    yield QuestionRead(asked, prompts, cut_classes(clip, prompts))
    return asked


def embed_sentences(
    clip: "LoadedClip", texts: Iterable[str], control: Control, store: EmbeddingStore | None = None
) -> Generator[Event, None, dict[str, Vectors]]:
    """The vector of each sentence, shape (dimensions,); those that were read before are not read again."""
    store, known = store or EmbeddingStore(), clip.texts
    wanted = list(dict.fromkeys(texts))
    digests = {text_digest(text): text for text in wanted if text not in known}
    for digest, vector in store.vectors(clip.ready.key, digests).items():
        known[digests[digest]] = vector
    missing = [text for text in wanted if text not in known]
    for start in range(0, len(missing), _BATCH):
        yield Progress("Reading the class names", start, len(missing))
        control.checkpoint()
        batch = missing[start : start + _BATCH]
        fresh = dict(zip(batch, clip.embed_texts(batch), strict=True))
        store.keep(clip.ready.key, {text_digest(text): vector for text, vector in fresh.items()})
        known.update(fresh)
    found = {text: known[text] for text in wanted}
    while len(known) > _KEPT:
        del known[next(iter(known))]
    return found


def embed_captions(
    clip: "LoadedClip", captions: Prompts, control: Control, store: EmbeddingStore | None = None
) -> Generator[Event, None, Vectors]:
    """A vector a caption, shape (captions, dimensions): the mean of what its sentences say, of length one."""
    texts = (text for sentences in captions.values() for text in sentences)
    known = yield from embed_sentences(clip, texts, control, store)
    empty = np.empty((0, clip.ready.dimensions), np.float32)
    return np.stack([_mean(known, one) for one in captions.values()]) if captions else empty


def cut_classes(clip: "LoadedClip", prompts: Prompts) -> tuple[str, ...]:
    """The classes with a prompt longer than the model reads; its end does not reach the model."""
    most = clip.ready.context_length
    return tuple(
        name for name, texts in prompts.items() if any(_tokens(clip.tokenizer, text) > most for text in texts)
    )


def _parts(question: Question) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """The words of each class and those for what is none of them, all checked."""
    _check_templates(question.templates)
    classes = [words_of(name) for name in question.classes]
    others = tuple(word for name in question.others for word in words_of(name))
    _check_classes(classes, alone=question.independent or bool(others) or question.threshold > 0)
    if others:
        _check_repeated([*[word for words in classes for word in words], OTHER])
    return classes, others


def _mean(known: dict[str, Vectors], texts: Sequence[str]) -> Vectors:
    mean = np.mean([known[text] for text in texts], axis=0)
    return mean / np.linalg.norm(mean)


def _check_templates(templates: Sequence[str]) -> None:
    if not templates:
        raise BadInput("There is no prompt template.", f"Give at least one, such as 'a photo of a {SLOT}.'.")
    for template in templates:
        if SLOT not in template:
            raise BadInput(
                f"The template '{template}' has no place for the class name.",
                f"Put {SLOT} where it belongs, as in 'a photo of a {SLOT}.'.",
            )


def _check_classes(classes: Sequence[tuple[str, ...]], *, alone: bool) -> None:
    """``alone``: a single class can be told from something else."""
    if not classes:
        raise BadInput("There are no class names.", "Name at least two things that may be in the images.")
    if not all(classes):
        raise BadInput("A class name is empty.", "Fill it in or take it out.")
    _check_repeated([word for words in classes for word in words])
    if len(classes) < 2 and not alone:
        raise BadInput(
            f"'{classes[0][0]}' is the only class, so every image would be one with certainty.",
            "Name at least one more, or ask for 'none of these'.",
        )


def _check_repeated(words: Sequence[str]) -> None:
    seen: set[str] = set()
    for word in words:
        key = unicodedata.normalize("NFKC", word).casefold()
        if key in seen:
            raise BadInput(f"The class '{word}' is there twice.", "Name each class once.")
        seen.add(key)


def _tokens(tokenizer: Any, text: str) -> int:
    """Tokens of a prompt, those that mark its start and end included."""
    if hasattr(tokenizer, "encode"):  # CLIP's own; it counts without the marks
        return len(tokenizer.encode(text)) + 2
    return len(tokenizer.tokenizer(text).input_ids)

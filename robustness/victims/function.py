"""Python callables as victims: a function, an object with ``predict_proba``, or whatever a loader returns.

``module:name`` is imported with the current directory importable. What it names may be

- a function from a list of texts (of field dicts, when there are several fields) to scores (n, classes) or to labels;
- an object with ``predict_proba`` or only ``predict``, such as a scikit-learn pipeline;
- a text-classification pipeline of transformers;
- a victim, that is, an object with ``info`` and ``predict`` of the protocol;
- a function without parameters that returns one of these, so that importing the module loads nothing.

Attributes of it are read where no option says otherwise: ``labels`` or ``classes_`` (names in score order),
``robustness_access`` (``scores`` or ``labels``), ``robustness_identity`` (a version or hash of its weights),
``robustness_task`` (what it is asked; classification where nothing says otherwise). What a row must be for another task stands
in that task's file; ``labels`` are needed only where its answers are labels.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from numbers import Integral
from pathlib import Path
from types import ModuleType
from typing import Any

from attacks.search import Input, Unusable
from robustness.errors import UsageError, VictimError, cut
from robustness.tasks.reading.named_answers import ONE_TEXT, plain_list
from robustness.tasks.registry import DEFAULT, task_named
from robustness.victims.base import PlainVictim, Victim, VictimInfo
from robustness.victims.pipelines import FUNCTIONS, PipelineScores, is_pipeline

ACCESS = ("scores", "labels")
Ask = Callable[[list[Any]], Any]


class FunctionVictim(PlainVictim):
    """A callable behind the protocol; what it answers is handed on unchecked, because the oracle checks it."""

    def __init__(self, info: VictimInfo, ask: Ask) -> None:
        self._info, self._ask = info, ask

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> Any:
        """What the callable answers to the texts, or to the field dicts when there are several fields."""
        fields = self._info.fields
        items = [i[0] if len(fields) == 1 else dict(zip(fields, i, strict=True)) for i in inputs]
        try:
            return self._ask(items)
        except Exception as error:  # a user's function may raise anything
            if not _stumbled_over_a_list(error):
                raise
            raise VictimError(f"the victim raised {type(error).__name__}: {cut(error)} ({ONE_TEXT})") from error


def _stumbled_over_a_list(error: Exception) -> bool:
    """Whether it reads like a function of one text that was given the list, by what it says of a list."""
    return isinstance(error, (TypeError, AttributeError, ValueError)) and "list" in str(error)


def load_function(
    target: str,
    access: str | None = None,
    labels: Sequence[str] | None = None,
    fields: Sequence[str] = ("text",),
    one_at_a_time: bool = False,
    task: str | None = None,
) -> Victim:
    """The victim that ``module:name`` or ``path/to/file.py:name`` names.

    Raises:
        UsageError: nothing importable there, it is not a predictor, or its labels are unknown.
    """
    found, source = imported(target)
    return from_callable(
        found,
        access=access,
        labels=labels,
        fields=fields,
        one_at_a_time=one_at_a_time,
        task=task,
        name=f"python:{target}",
        source=source,
    )


def imported(target: str) -> tuple[Any, str | None]:
    """What ``module:name`` or ``path/to/file.py:name`` names, and the file of its module; raises ``UsageError``."""
    module_name, colon, attribute = target.rpartition(":")
    if not colon or not module_name or not attribute:
        raise UsageError(f"expected python:module:name or python:file.py:name, got python:{target}")
    module = _import(module_name)
    return _attribute(module, attribute, target), getattr(module, "__file__", None)


def from_callable(
    predictor: Any,
    *,
    access: str | None = None,
    labels: Sequence[str] | None = None,
    fields: Sequence[str] = ("text",),
    one_at_a_time: bool = False,
    task: str | None = None,
    name: str | None = None,
    source: str | None = None,
) -> Victim:
    """A victim around a callable, an object with ``predict_proba`` or ``predict``, or a loader of one of these.

    ``one_at_a_time``: it takes one text, not a list, and returns that text's row. ``task``: what it is asked, a name of
    ``robustness.tasks.registry``. ``source``: the file whose content stands in the identity beside ``robustness_identity``.

    Raises:
        UsageError: it is not a predictor, its labels are unknown though the task needs them, it is a victim of another task,
        there
            is no such task, or ``access`` is neither ``scores`` nor ``labels``.
    """
    name = name or f"python:{_name(predictor)}"
    if access is not None and access not in ACCESS:
        raise UsageError(f"access must be one of {', '.join(ACCESS)}, got {access!r}")
    if not fields or len(set(fields)) != len(fields):
        raise UsageError(f"fields must be one or more different names, got {list(fields)}")
    if task is not None:
        task_named(task)
    predictor = _loaded(predictor, name)
    if _is_victim(predictor):
        return _of_task(predictor, task, name)
    task = str(task or getattr(predictor, "robustness_task", None) or DEFAULT)
    if is_pipeline(predictor) and task in FUNCTIONS:
        predictor = PipelineScores(predictor, name, task)
    if not _predicts(predictor):
        raise UsageError(
            f"{name} is a {type(predictor).__name__}: expected a function, or an object with predict_proba or predict"
        )
    names = _labels(predictor, labels, name, task_named(task).fewest_labels)
    ask, given = _asking(predictor, access, names, name, task)
    info = VictimInfo(
        name=name,
        kind="python",
        labels=names,
        fields=tuple(fields),
        access=given,
        identity=_identity(predictor, name, source),
        deterministic=bool(getattr(predictor, "robustness_deterministic", False)),
        task=task,
        notes=() if hasattr(predictor, "robustness_identity") else ("its identity covers the module's source, not its weights",),
    )
    return FunctionVictim(info, _each(ask) if one_at_a_time else ask)


def _each(ask: Callable[[Any], Any]) -> Ask:
    """Text by text. A batch of one that comes back, such as an array (1, classes), is its only row."""

    def row(text: Any) -> Any:
        answer = ask(text)
        values = plain_list(answer)
        return values[0] if values is not None and len(values) == 1 and plain_list(values[0]) is not None else answer

    return lambda texts: [row(text) for text in texts]


def _import(name: str) -> ModuleType:
    with _importable_here():
        try:
            return _import_file(Path(name)) if name.endswith(".py") else import_module(name)
        except ModuleNotFoundError as missing:
            if missing.name is not None and (name == missing.name or name.startswith(missing.name + ".")):
                raise UsageError(
                    f"no module named {missing.name!r} can be imported from {Path.cwd()} or the environment"
                ) from missing
            raise UsageError(
                f"importing {name!r} failed: it needs the package {missing.name!r}, which is not installed"
            ) from missing
        except (UsageError, KeyboardInterrupt):
            raise
        except BaseException as problem:  # a user's module may raise anything, SystemExit included
            raise UsageError(f"importing {name!r} failed: {type(problem).__name__}: {problem}{_where(problem)}") from problem


def _import_file(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise UsageError(f"no such Python file: {path}")
    module = module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses and pickles look their module up by name
    spec.loader.exec_module(module)
    return module


@contextmanager
def _importable_here() -> Iterator[None]:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)


def _where(problem: BaseException) -> str:
    trace = problem.__traceback__
    last = None
    while trace is not None:
        last, trace = trace, trace.tb_next
    return "" if last is None else f" ({last.tb_frame.f_code.co_filename}, line {last.tb_lineno})"


def _attribute(module: ModuleType, path: str, target: str) -> Any:
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            offered = sorted(n for n, v in vars(module).items() if not n.startswith("_") and _predicts(v))
            raise UsageError(f"python:{target}: there is no {part!r}; callables there: {', '.join(offered) or 'none'}")
        found = getattr(found, part)
    return found


def _predicts(value: Any) -> bool:
    return callable(value) or hasattr(value, "predict") or hasattr(value, "predict_proba")


def _loaded(predictor: Any, name: str) -> Any:
    """The predictor itself, or what the loader returned when it can be called without arguments only."""
    if not callable(predictor) or (hasattr(predictor, "predict_proba") and not isinstance(predictor, type)):
        return predictor
    try:
        parameters = inspect.signature(predictor).parameters
    except (TypeError, ValueError):  # some built-in callables have no signature; they are taken for predictors
        return predictor
    if parameters:
        if isinstance(predictor, type):
            raise UsageError(f"{name} is a class that needs arguments; name an instance, or a function that makes one")
        return predictor
    try:
        made = predictor()
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # a user's loader may raise anything
        raise UsageError(
            f"{name} was called as a loader and raised {type(problem).__name__}: {problem}{_where(problem)}"
        ) from problem
    if not _predicts(made):
        raise UsageError(
            f"{name} takes no texts, so it was called as a loader, and returned {type(made).__name__}, which is not a predictor"
        )
    return made


def _is_victim(value: Any) -> bool:
    return isinstance(getattr(value, "info", None), VictimInfo) and hasattr(value, "predict")


def _of_task(victim: Victim, task: str | None, name: str) -> Victim:
    if task not in (None, victim.info.task):
        raise UsageError(
            f"{name} is a victim of the task {victim.info.task}, and the task {task} was asked for; leave --task out"
        )
    return victim


def _asking(predictor: Any, access: str | None, labels: tuple[str, ...], name: str, task: str) -> tuple[Ask, str]:
    given = access or getattr(predictor, "robustness_access", None)
    if given is not None and given not in ACCESS:
        raise UsageError(f"{name}: robustness_access must be one of {', '.join(ACCESS)}, got {given!r}")
    if task != DEFAULT and not task_named(task).fewest_labels:  # a regressor's ``predict`` gives the answer itself
        return getattr(predictor, "predict", predictor), given or "scores"
    if hasattr(predictor, "predict_proba") and given != "labels":
        return predictor.predict_proba, "scores"
    if hasattr(predictor, "predict") and task != DEFAULT:  # a table of 0 and 1, or names of labels
        return predictor.predict, given or "labels"
    if hasattr(predictor, "predict"):
        if given == "scores":
            raise UsageError(f"{name} has predict but no predict_proba, so it gives labels only; use --access labels")
        return _naming(predictor, labels, name), "labels"
    return predictor, given or "scores"


def _naming(predictor: Any, labels: tuple[str, ...], name: str) -> Ask:
    """``predict`` with its class values as the names of the labels, which given labels may have changed."""
    classes = list(getattr(predictor, "classes_", ()))
    names = dict(zip(classes, labels, strict=True)) if classes else {}
    return lambda texts: [_renamed(answer, names) for answer in predictor.predict(texts)]


def _renamed(answer: Any, names: Mapping[Any, str]) -> Any:
    if not isinstance(answer, Hashable) or isinstance(
        answer, Unusable
    ):  # no class value: the oracle reads it, or says what it is
        return answer
    return names.get(answer, answer if isinstance(answer, (Integral, tuple)) and not names else str(answer))


def _labels(predictor: Any, labels: Sequence[str] | None, name: str, fewest: int) -> tuple[str, ...]:
    """Names in the order of scores; ``fewest``: how many the task needs, 0 where its answers need none declared."""
    found: Any = labels
    for attribute in ("labels", "classes_"):
        if found is None:
            found = getattr(predictor, attribute, None)
    if found is None and not fewest:
        return ()
    if found is None:
        raise UsageError(
            f"the labels of {name} are unknown; pass --labels first,second in score order, or give it the attribute `labels`"
        )
    names = tuple(str(label) for label in found)
    if len(names) < fewest or len(set(names)) != len(names):
        least = "two or more different labels" if fewest > 1 else "labels that differ"
        raise UsageError(f"{name} needs {least}, got {list(names)}")
    own = tuple(str(label) for label in getattr(predictor, "classes_", names))
    if len(own) != len(names):
        raise UsageError(f"{name} has {len(own)} classes, {list(own)[:20]}, but {len(names)} labels were named: {list(names)}")
    if own != names and set(own) == set(names):
        raise UsageError(
            f"{name} gives its classes in the order {', '.join(own)}, but the labels were named in another: {', '.join(names)}; "
            "leave --labels out"
        )
    return names


def _identity(predictor: Any, name: str, source: str | None) -> tuple[tuple[str, str], ...]:
    pins = {"callable": name}
    path = Path(source) if source else None
    if path is not None and path.is_file():
        pins["source"] = sha256(path.read_bytes()).hexdigest()
    declared = getattr(predictor, "robustness_identity", None)
    if declared is not None:
        pins["declared"] = str(declared)
    return tuple(sorted(pins.items()))


def _name(predictor: Any) -> str:
    named = getattr(predictor, "__qualname__", None) or type(predictor).__qualname__
    module = getattr(predictor, "__module__", None) or type(predictor).__module__
    return f"{module}:{named}"

"""``robustness audit``: attack a victim, save every failure, print a verdict."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands import flags as f

if TYPE_CHECKING:
    from reports.policy import Policy
    from reports.verdicts import GateResult


def audit(
    victim: f.VictimFlag = None,
    data: f.DataFlag = None,
    text: f.TextFlag = None,
    label: f.LabelFlag = None,
    id_: f.IdFlag = None,
    label_map: f.LabelMapFlag = None,
    encoding: f.EncodingFlag = None,
    split: f.SplitFlag = None,
    format_: f.FormatFlag = None,
    recipes: f.RecipesFlag = None,
    profile: f.ProfileFlag = None,
    budget: f.BudgetFlag = None,
    limit: f.LimitFlag = None,
    seed: f.SeedFlag = None,
    field: f.FieldFlag = None,
    batch_tokens: f.BatchFlag = None,
    in_flight: f.InFlightFlag = None,
    victim_timeout: f.TimeoutFlag = None,
    encoder: f.EncoderFlag = None,
    rewriter: f.RewriterFlag = None,
    masked_lm: f.MaskedLmFlag = None,
    cache: f.CacheFlag = None,
    vectors: f.VectorsFlag = None,
    lexicon: f.LexiconFlag = None,
    resource: f.ResourceFlag = None,
    access: f.AccessFlag = None,
    labels: f.LabelsFlag = None,
    fields: f.FieldsFlag = None,
    device: f.DeviceFlag = None,
    max_length: f.MaxLengthFlag = None,
    allow_pickle: f.PickleFlag = False,
    trust_remote_code: f.RemoteCodeFlag = False,
    out: Annotated[Path | None, typer.Option("--out", help="Run folder (default: a new one under runs/).")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in --out; finished trials are not run again.")
    ] = False,
    until_decided: Annotated[
        bool,
        typer.Option(
            "--until-decided", help="Draw examples at random and stop as soon as every threshold is decided, or one is broken."
        ),
    ] = False,
    offline: f.OfflineFlag = False,
    policy: f.PolicyFlag = None,
    min_robust_accuracy: f.MinRobustFlag = None,
    max_accuracy_drop: f.MaxDropFlag = None,
    max_attack_success_rate: f.MaxSuccessFlag = None,
    max_error_rate: f.MaxErrorFlag = None,
    min_examples: f.MinExamplesFlag = None,
    fatal_flags: f.FatalFlag = None,
    github: f.GithubFlag = None,
    show_texts: f.ShowTextsFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Attack a victim on labelled examples, save every failure, and give a verdict.

    Example: robustness audit --victim hf:./my-model --data test.csv --min-robust-accuracy 30%

    Exit codes: 0 passed, 1 the gate failed, 2 unusable input or internal error, 3 inconclusive.
    """
    from robustness.commands.github import tell_github
    from robustness.commands.policy import read_policy

    gate = f.given(
        min_robust_accuracy=min_robust_accuracy,
        max_accuracy_drop=max_accuracy_drop,
        max_attack_success_rate=max_attack_success_rate,
        max_error_rate=max_error_rate,
        min_examples=min_examples,
        fatal_flags=fatal_flags,
    )
    rules = read_policy(policy, gate)
    chosen = rules.audit.model_dump(exclude_none=True) | f.given(
        victim=victim, data=data, recipes=f.listed(recipes), profile=profile, budget=budget, limit=limit, seed=seed,
        field=field, batch_tokens=batch_tokens, in_flight=in_flight, victim_timeout=victim_timeout, encoder=encoder,
        rewriter=rewriter, masked_lm=masked_lm, cache=cache, vectors=vectors, lexicon=lexicon, resource=resource,
        text=f.listed(text),
        label=label, id=id_, encoding=encoding,
        format=format_,
        split=split, label_map=f.mapping(label_map, "--label-map"), access=access, labels=f.listed(labels),
        fields=f.listed(fields), device=device, max_length=max_length, allow_pickle=allow_pickle,
        trust_remote_code=trust_remote_code, until_decided=until_decided, offline=offline, out=out, resume=resume,
    )  # fmt: skip
    run = _run(chosen, rules, quiet=quiet or json_)
    result = _tell(run, rules, as_json=json_, quiet=quiet)
    tell_github(run, result, asked=github, texts=show_texts)
    raise typer.Exit(int(result.exit_code))


def _run(chosen: dict[str, Any], policy: Policy, *, quiet: bool) -> Any:
    from robustness.audit import audit as run_audit
    from robustness.commands.progress import Bar

    arguments = arguments_of(chosen)
    with Bar() if not quiet else nullcontext() as watcher:
        return run_audit(**arguments, policy=policy, watcher=watcher)


_DATA = ("text", "label", "id", "label_map", "encoding", "split", "format")
_VICTIM = ("access", "labels", "fields", "device", "max_length", "allow_pickle", "trust_remote_code")


def arguments_of(chosen: dict[str, Any]) -> dict[str, Any]:
    """Flags and defaults as arguments of ``robustness.audit``."""
    from robustness.errors import UsageError

    rest = dict(chosen)
    data = {key: rest.pop(key) for key in _DATA if key in rest}
    victim = {key: rest.pop(key) for key in _VICTIM if key in rest}
    if "victim" not in rest:
        raise UsageError("no victim was named; give --victim demo, hf:PATH, python:module:function … (`robustness list victims`)")
    if "budget" in rest:
        rest["budget"] = f.budget_of(rest["budget"])
    if rest.get("resume") and "out" not in rest:
        raise UsageError("--resume needs --out, the folder of the run to continue")
    named = _named(rest)
    rest["resources"] = _resources(rest.pop("vectors", None), rest.pop("lexicon", None), named)
    examples = rest.pop("data", None)
    return {**rest, "examples": examples, "data_options": data, "victim_options": victim}


def _named(rest: dict[str, Any]) -> dict[str, object]:
    """What ``--resource`` said, taken out of ``rest``; it may settle the run's encoder."""
    from robustness.named_resources import encoder_for, named_resources

    named = named_resources(rest.pop("resource", None) or ())
    encoder = encoder_for(named, rest.get("encoder"))
    if encoder is not None:
        rest["encoder"] = encoder
    return named


def _resources(vectors: str | None, lexicon: str | None, named: dict[str, object]) -> Any:
    if vectors is None and lexicon in (None, "builtin") and not named:
        return None
    from attacks.resources import Resources
    from robustness.resources import load_lexicon, load_vectors

    return Resources(
        lexicon=load_lexicon(lexicon) if lexicon not in (None, "builtin") else None,
        neighbours=load_vectors(vectors) if vectors is not None else None,
        named=named,
    )


def _tell(run: Any, policy: Policy, *, as_json: bool, quiet: bool) -> GateResult:
    from reports.gate import evaluate
    from reports.render.terminal import print_run, verdict_line
    from reports.summary import summarise

    result = evaluate(run, policy)
    if as_json:
        typer.echo(json.dumps({**summarise(run, result), "folder": str(run.path)}, ensure_ascii=True))
    elif quiet:
        typer.echo(verdict_line(result))
    else:
        print_run(run, result)
    return result

"""``robustness validate``: check victim, data and recipes on a few examples before spending a run."""

from __future__ import annotations

import json
from typing import Any

import typer

from robustness.commands import flags as f


def validate(
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
    access: f.AccessFlag = None,
    labels: f.LabelsFlag = None,
    fields: f.FieldsFlag = None,
    encoder: f.EncoderFlag = None,
    rewriter: f.RewriterFlag = None,
    masked_lm: f.MaskedLmFlag = None,
    victim_timeout: f.TimeoutFlag = None,
    allow_pickle: f.PickleFlag = False,
    trust_remote_code: f.RemoteCodeFlag = False,
    offline: f.OfflineFlag = False,
    policy: f.PolicyFlag = None,
    json_: f.JsonFlag = False,
) -> None:
    """Check that victim, data, recipes and policy fit together; ask a few clean examples; attack nothing.

    Example: robustness validate --victim hf:./my-model --data test.csv --recipes standard
    """
    from robustness.commands.audit import arguments_of
    from robustness.commands.policy import read_policy

    rules = read_policy(policy, {})
    chosen = rules.audit.model_dump(exclude_none=True) | f.given(
        victim=victim, data=data, recipes=f.listed(recipes), profile=profile, text=f.listed(text), label=label, id=id_,
        label_map=f.mapping(label_map, "--label-map"), encoding=encoding,
        format=format_, split=split, access=access, labels=f.listed(labels),
        fields=f.listed(fields), encoder=encoder, rewriter=rewriter, masked_lm=masked_lm,
        victim_timeout=victim_timeout, allow_pickle=allow_pickle,
        trust_remote_code=trust_remote_code, offline=offline,
    )  # fmt: skip
    found = _check(arguments_of(chosen))
    typer.echo(json.dumps(found, ensure_ascii=True) if json_ else _shown(found))


def _check(arguments: dict[str, Any]) -> dict[str, Any]:
    from robustness.commands.preparing import prepared

    with prepared(arguments) as audit:
        return {
            "victim": dict(audit.manifest.victim),
            "data": dict(audit.manifest.data),
            "recipes": [recipe["name"] for recipe in audit.manifest.recipes],
            "encoder": audit.manifest.encoder,
            "flags": [flag.record() for flag in audit.flags],
        }


def _shown(found: dict[str, Any]) -> str:
    victim, data = found["victim"], found["data"]
    lines = [
        f"victim    {victim['name']} ({victim['kind']}), gives {victim['access']}, labels {', '.join(victim['labels'])}",
        f"data      {data['examples']} examples from {data['source']}",
        *(f"          {message}" for message in data["report"]),
        f"recipes   {', '.join(found['recipes'])}",
        f"encoder   {found['encoder'] or 'none'}",
        *(f"doubt     {flag['message']}" for flag in found["flags"]),
        "ready to audit",
    ]
    return "\n".join(lines)

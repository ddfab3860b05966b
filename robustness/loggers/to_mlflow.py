"""Runs in MLflow: one of its runs for each of ours, found again by a tag.

Where the server is, and what it asks for to let one in, is read from MLflow's own environment variables (``MLFLOW_TRACKING_URI``,
``MLFLOW_TRACKING_TOKEN`` …); the experiment is ``MLFLOW_EXPERIMENT_NAME``, else ``robustness``.
"""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reports.files.secrets import keep_secret
from robustness.errors import UsageError, cut

if TYPE_CHECKING:
    from robustness.loggers.record import Record

EXPERIMENT = "robustness"
FOLDER = "mlruns"
"""Where runs go if nobody says so: the client alone cannot open the database that MLflow would take."""
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
"""Unless the user says otherwise: by itself MLflow tries for minutes, and an audit ends before that."""
_STRANGE = re.compile(r"[^\w./ -]")
"""What MLflow allows in the name of a metric is less than recipes and labels have in theirs."""
_LONGEST = 500
"""Characters of a parameter that every MLflow server takes."""
_AT_ONCE = 100


class MlflowSink:
    """One run in MLflow."""

    def __init__(self) -> None:
        self._client: Any = None
        self._named, self._run = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT, ""

    def check(self, *, offline: bool) -> None:
        """Raise ``UsageError`` where the store can never be used, or lies on the network although that is forbidden."""
        uri = os.environ.get("MLFLOW_TRACKING_URI") or ("" if find_spec("sqlalchemy") else Path(FOLDER).absolute().as_uri())
        scheme = urlsplit(uri).scheme
        if offline and scheme not in ("", "file", "sqlite"):
            raise UsageError("--offline forbids the network, and MLFLOW_TRACKING_URI names a server; leave one of them out")
        if "@" in uri:
            keep_secret("MLFLOW_TRACKING_URI")  # a password may stand in it, and errors repeat it
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
        if uri and scheme in ("", "file"):  # since 3.0 MLflow wants to be told twice
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        try:
            with _quiet():
                from mlflow import MlflowClient

                self._client = MlflowClient(uri or None)
                if scheme not in ("http", "https"):
                    self._client.search_experiments(max_results=1)
        except Exception as error:  # whatever MLflow raises over its store
            raise UsageError(
                f"MLflow cannot be used as it is set up ({cut(error)}); name a server or a folder in MLFLOW_TRACKING_URI, "
                "such as file:./mlruns, or install the whole of it for a database: pip install mlflow"
            ) from error

    def begin(self, record: Record) -> None:
        """Find the run of this key, or make one."""
        with _quiet():
            found = self._client.get_experiment_by_name(self._named)
            experiment = found.experiment_id if found is not None else self._client.create_experiment(self._named)
            known = self._client.search_runs([experiment], f"tags.`robustness.run` = '{record.key}'", max_results=1)
            if known:
                self._run = known[0].info.run_id
                self._client.update_run(self._run, status="RUNNING")
            else:
                run = self._client.create_run(experiment, run_name=record.name, tags=dict(record.tags))
                self._run = run.info.run_id
            told = known[0].data.params if known else {}
            self._log(params={name: value[:_LONGEST] for name, value in record.params.items() if _named(name) not in told})

    def progress(self, metrics: Mapping[str, float], step: int) -> None:
        """As metrics of this step."""
        with _quiet():
            self._log(metrics=metrics, step=step)

    def finish(self, record: Record) -> str:
        """Everything that there is to say; the status is FINISHED whatever the verdict, which is a tag."""
        with _quiet():
            for name, value in record.tags.items():
                self._client.set_tag(self._run, name, value)
            self._log(metrics=record.metrics)
            for path in record.files:
                self._client.log_artifact(self._run, str(path))
            self._client.set_terminated(self._run, "FINISHED")
        where = "" if os.environ.get("MLFLOW_TRACKING_URI") else ", in mlruns here: MLFLOW_TRACKING_URI names a server"
        return f"MLflow run {self._run}, experiment {self._named}{where}"

    def leave(self) -> None:
        """The status is KILLED until the run goes on."""
        if self._run:
            with _quiet():
                self._client.set_terminated(self._run, "KILLED")

    def _log(self, params: Mapping[str, str] | None = None, metrics: Mapping[str, float] | None = None, step: int = 0) -> None:
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        texts = iter([Param(_named(name), value) for name, value in (params or {}).items()])
        while some := list(islice(texts, _AT_ONCE)):
            self._client.log_batch(self._run, params=some)
        numbers = iter([Metric(_named(name), value, now, step) for name, value in (metrics or {}).items()])
        while more := list(islice(numbers, _AT_ONCE)):
            self._client.log_batch(self._run, metrics=more)


def _named(name: str) -> str:
    return _STRANGE.sub("_", name)


class _quiet(warnings.catch_warnings):
    """MLflow warns of its own future."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")

"""What the API server of Kubernetes would say of a manifest, without one: its own OpenAPI description, taken from Debian's source
package of Kubernetes (1.20), and strict: a field that it does not know is a mistake.

Kubernetes keeps the fields of a stable API, so what 1.20 knows is good for every later one. PodDisruptionBudget became stable in
1.21 with the fields it had, and is held against those. ServiceMonitor is not Kubernetes' own: what we use of it stands below.
"""

import fcntl
import json
import os
import shutil
import subprocess

import jsonschema

from support.base import ROOT, check

SPECIFICATION = ROOT / "build" / "kubernetes" / "swagger.json"
IN_SOURCE = "api/openapi-spec/swagger.json"
KINDS = {"v1": "io.k8s.api.core.v1", "apps/v1": "io.k8s.api.apps.v1", "policy/v1": "io.k8s.api.policy.v1beta1",
         "networking.k8s.io/v1": "io.k8s.api.networking.v1"}
REFERENCE = {"type": "object", "additionalProperties": False, "required": ["name", "key"],
             "properties": {"name": {"type": "string"}, "key": {"type": "string"}}}
SERVICE_MONITOR = {
    "type": "object", "additionalProperties": False, "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "monitoring.coreos.com/v1"}, "kind": {"const": "ServiceMonitor"},
        "metadata": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
        "spec": {"type": "object", "additionalProperties": False, "required": ["selector", "endpoints"], "properties": {
            "selector": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector"},
            "endpoints": {"type": "array", "minItems": 1, "items": {
                "type": "object", "additionalProperties": False, "properties": {
                    "port": {"type": "string"}, "path": {"type": "string"}, "interval": {"type": "string", "pattern": r"^\d+(ms|s|m)$"},
                    "authorization": {"type": "object", "additionalProperties": False,
                                      "properties": {"type": {"type": "string"}, "credentials": REFERENCE}}}}}}}}}


def specification():
    """The definitions of the API, fetched once into build/kubernetes."""
    SPECIFICATION.parent.mkdir(parents=True, exist_ok=True)
    with open(SPECIFICATION.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not SPECIFICATION.exists():
            work = SPECIFICATION.parent / "source"
            fetched = subprocess.run([ROOT / "deploy" / "source_package.sh", "kubernetes", work], capture_output=True, timeout=300)
            check(fetched.returncode == 0, f"no source package of Kubernetes: {fetched.stderr.decode(errors='replace')[-500:]}")
            os.replace(work / "source" / IN_SOURCE, SPECIFICATION)
            shutil.rmtree(work)
    return json.loads(SPECIFICATION.read_text())["definitions"]


def strict(definition):
    """A definition that allows the properties it names and no others, and what OpenAPI says in its own words."""
    if definition.get("format") == "int-or-string":
        return {"type": ["integer", "string"]}
    changed = dict(definition)
    if "properties" in definition:
        changed["properties"] = {name: strict(value) for name, value in definition["properties"].items()}
        changed.setdefault("additionalProperties", False)
    if isinstance(definition.get("additionalProperties"), dict):
        changed["additionalProperties"] = strict(definition["additionalProperties"])
    if "items" in definition:
        changed["items"] = strict(definition["items"])
    return changed


class Api:
    def __init__(self):
        self.definitions = {name: strict(value) for name, value in specification().items()}
        # A quantity may be written as a number, which the description leaves out.
        self.definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = {"type": ["string", "number"]}

    def complaints(self, manifest):
        """["spec.replicas: 'x' is not of type 'integer'", ...]"""
        kind, version = manifest.get("kind"), manifest.get("apiVersion")
        if (version, kind) == ("monitoring.coreos.com/v1", "ServiceMonitor"):
            schema = SERVICE_MONITOR
        else:
            name = f"{KINDS.get(version)}.{kind}"
            if name not in self.definitions:
                return [f"there is no {kind} in {version}"]
            schema = {"$ref": f"#/definitions/{name}"}
        checker = jsonschema.Draft7Validator({**schema, "definitions": self.definitions})
        return [f"{kind} {'.'.join(map(str, error.absolute_path))}: {error.message}" for error in checker.iter_errors(manifest)]

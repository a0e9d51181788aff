"""What is shipped for container engines, Kubernetes, Prometheus and Grafana is held against the programs and descriptions it is
for, and against a running ringpost: a profile, a field, a key or a metric that is not there is found here."""

import json
import re
import shutil
import subprocess
import sys

import yaml
from lib import NotPermitted, check, check_equal
from support.base import ROOT
from support.certificates import authority
from support.kubernetes_schema import Api

PRESETS = ["release"]
CONTAINER = ROOT / "deploy" / "container"
KUBERNETES = ROOT / "deploy" / "kubernetes"
DASHBOARD = CONTAINER / "grafana" / "dashboards" / "ringpost.json"
RULES = CONTAINER / "prometheus" / "rules.yml"
METRIC = re.compile(r"\bringpost_\w+")
SELECTION = re.compile(r"\b(ringpost_\w+)\{([^}]*)\}")


def run(*command, folder=ROOT):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=folder, timeout=120)
    return done.returncode, done.stdout + done.stderr


def must(*command, folder=ROOT):
    code, out = run(*command, folder=folder)
    check(code == 0, f"{' '.join(map(str, command))} ended with {code}: {out}")
    return out


# --- seccomp


def test_seccomp_profile_is_the_engines_default_and_io_uring(ctx):
    ctx.need("podman")
    shipped = json.loads((CONTAINER / "seccomp.json").read_text())
    default = json.loads(open("/usr/share/containers/seccomp.json").read())
    added = [rule for rule in shipped["syscalls"] if rule not in default["syscalls"]]
    check_equal(len(added), 1, "rules that the default has not")
    check_equal((added[0]["action"], sorted(added[0]["names"])),
                ("SCMP_ACT_ALLOW", ["io_uring_enter", "io_uring_register", "io_uring_setup"]), "what is added")
    shipped["syscalls"].remove(added[0])
    recorded = added[0]["comment"].rpartition(" ")[2]
    check(shipped == default, f"the rest is not the installed default; it was made from {recorded}: run deploy/container/profiles.py")


def test_both_profiles_are_what_their_program_writes(ctx):
    ctx.need("podman")
    must(sys.executable, CONTAINER / "profiles.py", ctx.folder)
    for name in ("container", "kubernetes"):
        written = json.loads((ctx.folder / name / "seccomp.json").read_text())
        shipped = json.loads((ROOT / "deploy" / name / "seccomp.json").read_text())
        for profile in (written, shipped):
            for rule in profile["syscalls"]:
                rule.pop("comment", None)  # names the package's version, which may be newer here with the same profile
        check(written == shipped, f"deploy/{name}/seccomp.json is not what deploy/container/profiles.py writes")


def test_kubelets_profile_has_no_conditions_and_no_two_minds(ctx):
    del ctx
    profile = json.loads((KUBERNETES / "seccomp.json").read_text())
    check_equal(set(profile), {"defaultAction", "defaultErrnoRet", "architectures", "syscalls"}, "fields of the OCI form")
    unconditional = {}
    for rule in profile["syscalls"]:
        check(set(rule) <= {"names", "action", "errnoRet", "args"}, f"a rule has {set(rule)}")
        for name in rule["names"] if "args" not in rule else []:
            check(unconditional.setdefault(name, rule["action"]) == rule["action"], f"{name} is allowed and refused")
    check_equal({unconditional.get(f"io_uring_{name}") for name in ("setup", "enter", "register")}, {"SCMP_ACT_ALLOW"}, "io_uring")
    for name in ("bpf", "init_module", "open_by_handle_at", "setns", "ioperm"):
        check(unconditional.get(name) != "SCMP_ACT_ALLOW", f"{name} is allowed")


# --- Prometheus and Grafana


def expressions():
    """(where, expression) of the dashboard and the rules, with the dashboard's variables put in."""
    board = json.loads(DASHBOARD.read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            text = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            check("$" not in text, f"panel {panel['title']} uses a variable that nobody sets: {text}")
            yield f"panel {panel['title']}", text
    for variable in board["templating"]["list"]:
        yield f"variable {variable['name']}", re.match(r"label_values\((\w+), \w+\)$", variable["query"]["query"]).group(1)
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield f"rule {rule['alert']}", rule["expr"]


def test_dashboard_and_rules_use_metrics_that_exist(ctx):
    server = ctx.server()
    text = server.http("/metrics")[1]
    names = set(re.findall(r"^(ringpost_\w+)[ {]", text, re.M))
    labels = {}  # {metric: {label: values}}
    for name, inside in re.findall(r"^(ringpost_\w+)\{(.*)\}", text, re.M):
        for label, value in re.findall(r'(\w+)="([^"]*)"', inside):
            labels.setdefault(name, {}).setdefault(label, set()).add(value)
    used = list(expressions())
    check(len(used) > 30, f"only {len(used)} expressions were found")
    for where, expression in used:
        for metric in METRIC.findall(expression):
            check(metric in names, f"{where}: there is no {metric}")
        for metric, inside in SELECTION.findall(expression):
            for label, values in re.findall(r'(\w+)(?:=~|!=|=)"([^"]*)"', inside):
                known = labels.get(metric, {}).get(label)
                check(label == "instance" or (known and set(values.split("|")) <= known), f"{where}: {metric} has no {label}={values}")
        by = {label for words in re.findall(r"\bby \(([^)]*)\)", expression) for label in words.replace(" ", "").split(",")}
        known = {label for metric in METRIC.findall(expression) for label in labels.get(metric, {})}
        check(by <= known | {"instance"}, f"{where}: no label {by - known}")


def test_prometheus_reads_rules_configuration_and_every_expression(ctx):
    ctx.need("promtool")
    must("promtool", "check", "rules", RULES)
    copy = ctx.folder / "prometheus"
    shutil.copytree(CONTAINER / "prometheus", copy)
    token = ctx.folder / "admin_token"
    token.write_text("token\n")
    text = (copy / "prometheus.yml").read_text()
    check("/run/secrets/admin_token" in text, "prometheus.yml has no token")
    (copy / "prometheus.yml").write_text(text.replace("/run/secrets/admin_token", str(token)))
    must("promtool", "check", "config", copy / "prometheus.yml")
    rules = [{"record": f"panel:{number}", "expr": expression} for number, (_, expression) in enumerate(expressions())]
    (ctx.folder / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    must("promtool", "check", "rules", ctx.folder / "panels.yml")


def test_alerts_fire_when_they_should_and_not_before(ctx):
    ctx.need("promtool")
    must("promtool", "test", "rules", ROOT / "tests" / "support" / "alerts.yml")


# --- compose


def test_compose_file_is_valid_and_all_it_mounts_is_there(ctx):
    ctx.need("docker-compose")
    told = yaml.safe_load(must("docker-compose", "--project-name", "ringpost", "config", folder=CONTAINER))
    services = told["services"]
    check_equal(set(services), {"relay", "dovecot", "prometheus", "grafana"}, "services")
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("/"):
                check((ROOT / source).exists(), f"{name} mounts {source}, which is not there")
    relay = services["relay"]
    check(relay["read_only"] and relay["cap_drop"] == ["ALL"], "the relay may write or has capabilities")
    profile = next(option for option in relay["security_opt"] if option.startswith("seccomp"))
    check((CONTAINER / re.split("[=:]", profile)[1]).samefile(CONTAINER / "seccomp.json"), f"the relay runs under {profile}")


def test_configurations_that_are_shipped_are_read(ctx):
    ctx.need("doveconf")
    must("doveconf", "-n", "-c", CONTAINER / "dovecot" / "dovecot.conf")
    server = ctx.server(start=False)
    (ctx.folder / "users.toml").write_text("")
    (ctx.folder / "admin_token").write_text("a token\n")
    pair = authority().server()
    for shipped in (CONTAINER / "relay" / "ringpost.toml", KUBERNETES / "base" / "ringpost.toml", KUBERNETES / "example" / "ringpost.toml"):
        text = shipped.read_text()
        for place, here in (("/etc/ringpost-tls/tls.crt", pair.certificate), ("/etc/ringpost-tls/tls.key", pair.key),
                            ("/etc/ringpost-secrets", ctx.folder), ("/run/secrets", ctx.folder)):
            text = text.replace(place, str(here))
        server.config_path.write_text(text)
        server.cli("check-config")


# --- Kubernetes


def manifests(text):
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def kustomize(folder):
    out = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, timeout=120)
    if out.returncode and "patches" in out.stderr and "StrategicMerge" in out.stderr:
        raise NotPermitted("patches, by a kubectl older than 1.21")
    check(out.returncode == 0, f"kubectl kustomize {folder}: {out.stderr}")
    return manifests(out.stdout)


def test_kubernetes_base_is_what_the_api_knows(ctx):
    ctx.need("kubectl")
    api = Api()
    base = kustomize(KUBERNETES / "base")
    kinds = sorted(manifest["kind"] for manifest in base)
    check_equal(kinds, ["ConfigMap", "Namespace", "NetworkPolicy", "PodDisruptionBudget", "Service", "Service", "ServiceAccount",
                        "ServiceMonitor", "StatefulSet"], "kinds")
    for manifest in base + kustomize(KUBERNETES / "seccomp-installer"):
        check(not api.complaints(manifest), "\n".join(api.complaints(manifest)))
    broken = next(manifest for manifest in base if manifest["kind"] == "StatefulSet")
    broken["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    check(api.complaints(broken), "a field that Kubernetes does not know was not found")


def test_kubernetes_parts_fit_together(ctx):
    ctx.need("kubectl")
    base = {f"{m['kind']} {m['metadata']['name']}": m for m in kustomize(KUBERNETES / "base")}
    workload = base["StatefulSet ringpost"]["spec"]
    pod = workload["template"]
    labels = pod["metadata"]["labels"]
    selects = {"StatefulSet": workload["selector"]["matchLabels"],
               "PodDisruptionBudget": base["PodDisruptionBudget ringpost"]["spec"]["selector"]["matchLabels"],
               **{f"Service {name}": base[f"Service {name}"]["spec"]["selector"] for name in ("ringpost", "ringpost-peers")},
               **{f"spread {spread['topologyKey']}": spread["labelSelector"]["matchLabels"]
                  for spread in pod["spec"]["topologySpreadConstraints"]}}
    for who, wanted in selects.items():
        check(wanted.items() <= labels.items() and wanted, f"{who} selects {wanted}, the pods have {labels}")
    check(f"Service {workload['serviceName']}" in base, "serviceName names no service")
    container = pod["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for name in ("ringpost", "ringpost-peers"):
        for port in base[f"Service {name}"]["spec"]["ports"]:
            check(port["targetPort"] in ports, f"service {name} leads to {port['targetPort']}")
    configured = next(m for key, m in base.items() if key.startswith("ConfigMap"))["data"]["ringpost.toml"]
    for name, port in ports.items():
        check(f':{port}"' in configured, f"nobody listens on port {port} ({name})")
    rules = base["NetworkPolicy ringpost"]["spec"]["ingress"]
    check_equal(sorted(port["port"] for rule in rules for port in rule["ports"]), sorted(ports), "ports of the network policy")
    for rule in rules:
        for_all = "from" not in rule
        check_equal(for_all, {"port": "siblings"} not in rule["ports"], f"whether all may connect to {rule['ports']}")
        for peer in rule.get("from", []):
            check_equal(peer["podSelector"]["matchLabels"].items() <= labels.items(), True, "the pods are siblings")
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        check(container[probe]["httpGet"]["port"] in ports, f"{probe} asks {container[probe]}")
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    known = {v["name"] for v in pod["spec"]["volumes"]} | {v["metadata"]["name"] for v in workload["volumeClaimTemplates"]}
    check_equal(mounted, known, "volumes")
    monitor = base["ServiceMonitor ringpost"]["spec"]
    watched = [m for m in base.values() if m["kind"] == "Service"
               and monitor["selector"]["matchLabels"].items() <= m["metadata"].get("labels", {}).items()]
    check_equal([m["metadata"]["name"] for m in watched], ["ringpost-peers"], "services that are watched")


def test_kubernetes_pods_meet_the_restricted_standard(ctx):
    ctx.need("kubectl")
    pod = next(m for m in kustomize(KUBERNETES / "base") if m["kind"] == "StatefulSet")["spec"]["template"]["spec"]
    security = pod["securityContext"]
    check_equal((security["runAsNonRoot"], security["runAsUser"], security["fsGroup"]), (True, 2525, 2525), "who runs")
    check_equal(security["seccompProfile"], {"type": "Localhost", "localhostProfile": "profiles/ringpost.json"}, "seccomp")
    check(not any(pod.get(word) for word in ("hostNetwork", "hostPID", "hostIPC")), "the pod shares with its host")
    for container in pod["containers"]:
        own = container["securityContext"]
        check(own["readOnlyRootFilesystem"] and own["allowPrivilegeEscalation"] is False, f"{container['name']} may too much")
        check_equal(own["capabilities"], {"drop": ["ALL"]}, "capabilities")
        check({"requests", "limits"} <= set(container["resources"]), "no resources")
    check(all("hostPath" not in volume for volume in pod["volumes"]), "the pod writes to its host")


def test_kubernetes_example_is_complete(ctx):
    ctx.need("kubectl")
    copy = ctx.folder / "kubernetes"
    shutil.copytree(KUBERNETES, copy, ignore=shutil.ignore_patterns("secrets"))
    secrets = copy / "example" / "secrets"
    secrets.mkdir()
    pair = authority().server()
    shutil.copy(pair.certificate, secrets / "tls.crt")
    shutil.copy(pair.key, secrets / "tls.key")
    (secrets / "admin_token").write_text("a token\n")
    (secrets / "users.toml").write_text("")
    built = kustomize(copy / "example")
    api = Api()
    for manifest in built:
        check(not api.complaints(manifest), "\n".join(api.complaints(manifest)))
    names = {m["metadata"]["name"] for m in built if m["kind"] in ("Secret", "ConfigMap")}
    pod = next(m for m in built if m["kind"] == "StatefulSet")["spec"]["template"]["spec"]
    for volume in pod["volumes"]:
        source = volume.get("configMap", {}).get("name") or volume["secret"]["secretName"]
        check(source in names, f"the pod mounts {source}, there are {names}")
    monitor = next(m for m in built if m["kind"] == "ServiceMonitor")
    check(monitor["spec"]["endpoints"][0]["authorization"]["credentials"]["name"] in names, "the ServiceMonitor's token is not there")
    names = [variable["name"] for variable in pod["containers"][0]["env"]]
    check(names.index("POD_NAME") < names.index("RINGPOST_HOSTNAME"), f"a variable may use those before it: {names}")

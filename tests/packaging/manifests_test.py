#!/usr/bin/env python3
"""Holds deploy/ and overlays/ against Kubernetes' own schemas (npm kubernetes-models, in SCHEMA_FOLDER), unknown fields
refused, and against the code: every variable in a manifest is one that the program reads, and the other way round."""

import base64
import copy
import email
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCHEMA_FOLDER = pathlib.Path(os.environ["SCHEMA_FOLDER"])
SCHEMA_FOLDER.mkdir(parents=True, exist_ok=True)
sys.path.insert(0, str(HERE))

from stated import enclave_table, parse_cloudformation, proxy_settings, runner_variables  # noqa: E402: as above


@functools.cache
def install_schemas():
    """Returns why they are not there, or nothing."""
    if shutil.which("npm") is None:
        return "npm is not installed"
    wanted, manifest = (HERE / "kubernetes/package.json").read_bytes(), SCHEMA_FOLDER / "package.json"
    if (SCHEMA_FOLDER / "installed").exists() and manifest.read_bytes() == wanted:
        return None
    manifest.write_bytes(wanted)
    try:
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
                       cwd=SCHEMA_FOLDER, capture_output=True, text=True, timeout=240, check=True)
    except subprocess.SubprocessError:
        return "npm cannot install kubernetes-models"
    (SCHEMA_FOLDER / "installed").touch()
    return None


def mistakes(manifests):
    """A list a manifest. The one thing here that needs the schemas: skips the test without them."""
    missing = install_schemas()
    if missing:
        raise unittest.SkipTest(missing)
    done = subprocess.run(["node", str(HERE / "kubernetes/validate.mjs")], input=json.dumps(manifests), text=True,
                          env={**os.environ, "SCHEMA_FOLDER": str(SCHEMA_FOLDER)}, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def plain_manifests():
    return [document for path in sorted((ROOT / "deploy").glob("*.yaml"))
            if path.name not in ("kustomization.yaml", "codepipeline.yaml") for document in documents(path)]


def only(manifests, kind, name):
    found = [manifest for manifest in manifests if manifest["kind"] == kind and manifest["metadata"]["name"] == name]
    assert len(found) == 1, (kind, name, len(found))
    return found[0]


def pod_spec(manifest):
    return manifest["spec"] if manifest["kind"] == "Pod" else manifest["spec"]["template"]["spec"]


def containers(manifest):
    spec = pod_spec(manifest)
    return {container["name"]: container for container in spec.get("initContainers", []) + spec["containers"]}


def variables(container):
    return {entry["name"]: entry["value"] for entry in container.get("env", [])}


DAEMONSET = only(plain_manifests(), "DaemonSet", "nitro-enclave")
EXAMPLE = only(plain_manifests(), "Pod", "payments-example")
RUNNER, EGRESS = containers(DAEMONSET)["enclave-runner"], containers(DAEMONSET)["egress"]
SIDECAR, APP = containers(EXAMPLE)["vsock-proxy"], containers(EXAMPLE)["app"]


class Schemas(unittest.TestCase):
    def test_every_manifest_is_valid_and_has_no_unknown_field(self):
        manifests = plain_manifests()
        self.assertGreaterEqual(len(manifests), 14)
        for manifest, wrong in zip(manifests, mistakes(manifests)):
            self.assertEqual(wrong, [], f"{manifest['kind']} {manifest['metadata']['name']}")

    def test_mistakes_are_found(self):
        def changed(change):
            manifest = copy.deepcopy(DAEMONSET)
            change(manifest, pod_spec(manifest))
            return manifest
        cases = [
            (lambda m, s: m["spec"].update(replicas=1), "/spec/replicas: unknown field"),
            (lambda m, s: s["containers"][0].update(livenesProbe={}), "/livenesProbe: unknown field"),
            (lambda m, s: s["containers"][0]["securityContext"].update(priviledged=True), "/priviledged: unknown field"),
            (lambda m, s: s["containers"][0]["env"][0].update(value=16), "/env/0/value: type"),
            (lambda m, s: s["containers"][0].pop("name"), "required"),
            (lambda m, s: s.pop("containers"), "required"),
            (lambda m, s: m.update(kind="DemonSet"), "no such kind"),
        ]
        for (_, expected), wrong in zip(cases, mistakes([changed(change) for change, _ in cases])):
            self.assertTrue(any(expected in line for line in wrong), (expected, wrong))


def runner_of(overlay):
    """The runner's variables and its image's tag as an overlay leaves them. Fails at what only kustomize can apply."""
    kustomization = yaml.safe_load((ROOT / "overlays" / overlay / "kustomization.yaml").read_text(encoding="utf-8"))
    assert set(kustomization) == {"apiVersion", "kind", "resources", "images", "patches"}, sorted(kustomization)
    assert kustomization["resources"] == ["../../deploy"]
    settings = variables(RUNNER)
    for patch in kustomization["patches"]:
        if patch["target"]["kind"] == "DaemonSet":
            changed = containers(yaml.safe_load(patch["patch"])).get("enclave-runner", {})
            settings.update(variables(changed))
    return settings, {image["name"]: image["newTag"] for image in kustomization["images"]}["nitro-enc-svc/runner"]


class Settings(unittest.TestCase):
    def test_prod_is_strict_and_dev_is_not(self):
        for overlay, strict, tag in (("dev", "false", "dev"), ("prod", "true", "IMAGE_TAG")):
            settings, has = runner_of(overlay)
            self.assertEqual(settings["REQUIRE_STRICT"], strict, overlay)
            self.assertEqual(settings["ENCLAVE_DEBUG"], "false", overlay)
            self.assertEqual(has, tag)


@unittest.skipIf(shutil.which("kubectl") is None and shutil.which("kustomize") is None, "there is no kustomize here")
class Overlays(unittest.TestCase):
    @staticmethod
    def rendered(folder):
        command = ["kustomize", "build"] if shutil.which("kustomize") else ["kubectl", "kustomize"]
        done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return [document for document in yaml.safe_load_all(done.stdout) if document]

    def test_overlays_render_what_is_valid(self):
        for overlay in ("dev", "prod"):
            manifests = self.rendered(ROOT / "overlays" / overlay)
            for manifest, wrong in zip(manifests, mistakes(manifests)):
                self.assertEqual(wrong, [], f"{overlay}: {manifest['kind']} {manifest['metadata']['name']}")

    def test_kustomize_makes_of_the_overlays_what_is_read_in_them(self):
        for overlay in ("dev", "prod"):
            runner = containers(only(self.rendered(ROOT / "overlays" / overlay), "DaemonSet", "nitro-enclave"))
            settings, tag = runner_of(overlay)
            self.assertEqual(variables(runner["enclave-runner"]), settings)
            self.assertTrue(runner["enclave-runner"]["image"].endswith(f":{tag}"))

    def test_privileged_component_replaces_the_device_plugin(self):
        folder = SCHEMA_FOLDER / "privileged"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        away = os.path.relpath(ROOT, folder)
        (folder / "kustomization.yaml").write_text(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            f"resources: [{away}/overlays/dev]\ncomponents: [{away}/overlays/privileged]\n")
        manifests = self.rendered(folder)
        runner = containers(only(manifests, "DaemonSet", "nitro-enclave"))["enclave-runner"]
        self.assertTrue(runner["securityContext"]["privileged"])
        self.assertNotIn("aws.ec2.nitro/nitro_enclaves", runner["resources"]["limits"])
        labels = only(manifests, "Namespace", "nitro-enc-svc")["metadata"]["labels"]
        self.assertEqual(labels["pod-security.kubernetes.io/enforce"], "privileged")
        self.assertEqual([wrong for wrong in mistakes(manifests) if wrong], [])


class Names(unittest.TestCase):
    """What the design and the contracts call things."""

    def test_daemonset_has_its_names_and_place(self):
        self.assertEqual(DAEMONSET["metadata"]["namespace"], "nitro-enc-svc")
        template = DAEMONSET["spec"]["template"]
        self.assertEqual(template["metadata"]["labels"]["app"], "nitro-enclave")
        self.assertEqual(template["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"], "enclave-runner")
        self.assertEqual(DAEMONSET["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"], 1)
        for spec in (pod_spec(DAEMONSET), pod_spec(EXAMPLE)):
            self.assertEqual(spec["nodeSelector"], {"aws.amazon.com/nitro-enclaves": "true", "kubernetes.io/arch": "amd64"})

    def test_selectors_find_the_pods_that_are_meant(self):
        labels = [DAEMONSET["spec"]["template"]["metadata"]["labels"], EXAMPLE["metadata"]["labels"],
                  only(plain_manifests(), "Deployment", "otel-collector")["spec"]["template"]["metadata"]["labels"]]
        for manifest in plain_manifests():
            if manifest["kind"] not in ("PodDisruptionBudget", "NetworkPolicy", "Service"):
                continue
            selector = manifest["spec"].get("selector", manifest["spec"].get("podSelector"))
            wanted = selector.get("matchLabels", selector)
            self.assertTrue(any(wanted.items() <= have.items() for have in labels), manifest["metadata"]["name"])

    def test_only_containers_that_need_it_may_open_vsock(self):
        localhost = {"type": "Localhost", "localhostProfile": "profiles/nitro-enc-svc-vsock.json"}
        for container in (RUNNER, EGRESS, SIDECAR):
            self.assertEqual(container["securityContext"]["seccompProfile"], localhost)
        self.assertEqual(APP["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})

    def test_no_container_is_privileged_or_unbounded(self):
        for manifest in plain_manifests():
            if manifest["kind"] not in ("DaemonSet", "Deployment", "Pod"):
                continue
            self.assertFalse({"hostNetwork", "hostPID", "hostIPC"} & pod_spec(manifest).keys())
            self.assertFalse(any("hostPath" in volume for volume in pod_spec(manifest).get("volumes", [])))
            for name, container in containers(manifest).items():
                context = container["securityContext"]
                self.assertEqual(context["capabilities"], {"drop": ["ALL"]}, name)
                self.assertIs(context["allowPrivilegeEscalation"], False, name)
                self.assertIs(context["readOnlyRootFilesystem"], True, name)
                self.assertNotIn("privileged", context, name)
                self.assertIn("memory", container["resources"]["limits"], name)
                self.assertTrue(name == "enclave-runner" or context["runAsNonRoot"], name)


class Agreement(unittest.TestCase):
    def test_runner_has_every_variable_of_its_script_and_no_other(self):
        self.assertEqual(set(variables(RUNNER)), set(runner_variables()))
        for name, default in runner_variables().items():
            if default is not None:
                self.assertEqual(variables(RUNNER)[name], default.replace("$ENCLAVE_CID", "16"), name)

    def test_proxies_have_variables_that_their_commands_read(self):
        settings = proxy_settings()
        if settings is None:
            self.skipTest("vsock-proxy is not built")
        # Set here or meant to be left: by a flag or the default, with why.
        left = {"ingress": {"ENCLAVE", "HEALTH"}, "egress": {"ALLOW_CID", "MAP"}}
        for container in (SIDECAR, EGRESS):
            mode = container["args"][0]
            known = set(settings[mode])
            self.assertEqual(set(variables(container)) - known, set(), f"{mode} does not read these")
            self.assertEqual(known - set(variables(container)), left[mode], f"{mode} reads these")

    def test_cids_and_ports_are_the_same_everywhere(self):
        cid = variables(RUNNER)["ENCLAVE_CID"]
        self.assertEqual(cid, "16")
        self.assertEqual({variables(EGRESS)["ENCLAVE_CID"], variables(SIDECAR)["ENCLAVE_CID"]}, {cid})
        table = enclave_table()
        self.assertEqual(variables(SIDECAR)["ENCLAVE_PORT"], table["TLS_PORT"])
        self.assertEqual(variables(SIDECAR)["HEALTH_PORT"], table["HEALTH_VSOCK_PORT"])
        health = f"vsock:{cid}:{table['HEALTH_VSOCK_PORT']}"
        self.assertEqual(variables(RUNNER)["ENCLAVE_HEALTH"], health)
        self.assertEqual(variables(RUNNER)["LOG_LISTEN"], f"vsock:any:{table['LOG_VSOCK_PORT']}")
        self.assertEqual(variables(EGRESS)["LISTEN"], f"vsock:any:{table['VSOCK_PROXY_PORT']}")
        for probe, path in (("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
            self.assertEqual(RUNNER[probe]["exec"]["command"], ["vsock-proxy", "probe", "--health", health, "--probe-path", path])

    def test_admin_ports_are_the_ones_that_are_probed(self):
        for container in (SIDECAR, EGRESS):
            port = {"name": "admin", "containerPort": int(variables(container)["ADMIN_PORT"])}
            self.assertEqual(container["ports"], [port])
            self.assertEqual(container["livenessProbe"]["httpGet"], {"path": "/livez", "port": "admin"})

    def test_node_sets_aside_what_the_enclave_takes(self):
        memory = int(variables(RUNNER)["ENCLAVE_MEMORY_MB"])
        self.assertEqual(RUNNER["resources"]["limits"]["hugepages-2Mi"], f"{memory}Mi")
        self.assertEqual(memory % 2, 0)
        self.assertEqual(RUNNER["resources"]["limits"]["aws.ec2.nitro/nitro_enclaves"], "1")
        text = (ROOT / "deploy/node/allocator.yaml").read_text(encoding="utf-8")
        self.assertEqual(text.splitlines()[0], "---")
        allocator = yaml.safe_load(text)
        self.assertEqual(set(allocator), {"memory_mib", "cpu_count"})
        self.assertGreaterEqual(allocator["memory_mib"], memory)
        self.assertLess(allocator["memory_mib"], 1024, "the allocator makes a page of 1 GiB of every whole GiB")
        self.assertGreaterEqual(allocator["cpu_count"], int(variables(RUNNER)["ENCLAVE_CPU_COUNT"]))

    def test_there_is_time_to_stop(self):
        needed = int(variables(RUNNER)["DRAIN_SECS"]) + 10 + int(variables(RUNNER)["NITRO_CLI_SECS"]) + 15
        grace = pod_spec(DAEMONSET)["terminationGracePeriodSeconds"]
        self.assertGreaterEqual(grace, needed)
        self.assertGreaterEqual(grace, int(variables(EGRESS)["DRAIN_SECS"]) + 10)
        self.assertGreaterEqual(pod_spec(EXAMPLE)["terminationGracePeriodSeconds"], int(variables(SIDECAR)["DRAIN_SECS"]) + 10)
        startup = RUNNER["startupProbe"]
        self.assertGreater(startup["periodSeconds"] * startup["failureThreshold"], int(variables(RUNNER)["ENCLAVE_START_SECS"]))

    def test_telemetry_is_carried_to_the_collector(self):
        service = only(plain_manifests(), "Service", "otel-collector")
        port = service["spec"]["ports"][0]["port"]
        self.assertEqual(variables(EGRESS)["FORWARD"],
                         f"{port}=tcp:otel-collector.nitro-enc-svc.svc.cluster.local:{port}")
        collector = containers(only(plain_manifests(), "Deployment", "otel-collector"))["collector"]
        self.assertIn({"name": "otlp-grpc", "containerPort": port}, collector["ports"])
        settings = yaml.safe_load(only(plain_manifests(), "ConfigMap", "otel-collector")["data"]["config.yaml"])
        self.assertEqual(settings["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"], f"0.0.0.0:{port}")

    def test_allow_list_is_one_and_names_what_the_enclave_calls(self):
        text = only(plain_manifests(), "ConfigMap", "egress-allow-list")["data"]["allow-list.yaml"]
        addresses = [entry["address"] for entry in yaml.safe_load(text)["allowlist"]]
        for service in ("kms", "secretsmanager", "s3", "*.s3"):
            self.assertIn(f"{service}.us-east-1.amazonaws.com", addresses)
        self.assertEqual({entry["port"] for entry in yaml.safe_load(text)["allowlist"]}, {443})
        proxy = os.environ.get("VSOCK_PROXY")
        if proxy:
            file = SCHEMA_FOLDER / "allow-list.yaml"
            file.write_text(text)
            done = subprocess.run([proxy, "egress", "--config", str(file), "--enclave-cid", "16", "--check-config"],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)


class Node(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run([str(ROOT / "deploy/node/launch-template.sh")], capture_output=True, text=True, check=True)
        cls.data = json.loads(done.stdout)
        cls.user_data = base64.b64decode(cls.data["UserData"])

    def test_launch_template_is_one_that_ec2_takes(self):
        try:
            import botocore.session
            import botocore.validate
        except ImportError:
            self.skipTest("botocore is not installed")
        shape = botocore.session.Session().get_service_model("ec2").shape_for("RequestLaunchTemplateData")
        report = botocore.validate.ParamValidator().validate(self.data, shape)
        self.assertEqual(report.generate_report(), "")
        self.assertEqual(self.data["EnclaveOptions"], {"Enabled": True})
        self.assertEqual(self.data["MetadataOptions"]["HttpPutResponseHopLimit"], 2)
        self.assertEqual(self.data["MetadataOptions"]["HttpTokens"], "required")
        self.assertLessEqual(len(self.user_data), 16384)

    def test_every_pod_reaches_what_it_calls(self):
        """Where policies are enforced, default-deny is of all pods and both directions."""
        policies = {manifest["metadata"]["name"]: manifest["spec"] for manifest in plain_manifests()
                    if manifest["kind"] == "NetworkPolicy"}
        self.assertEqual(policies["default-deny"]["policyTypes"], ["Ingress", "Egress"])
        for name, wanted in (("nitro-enclave", {53, 443, 80, 4317}), ("otel-collector", {53, 443, 80})):
            ports = {port["port"] for rule in policies[name]["egress"] for port in rule["ports"]}
            self.assertEqual(ports, wanted, name)
            self.assertIn("Egress", policies[name]["policyTypes"])

    def test_user_data_labels_the_node_and_installs_the_files(self):
        parts = email.message_from_bytes(self.user_data).get_payload()
        self.assertEqual([part.get_content_type() for part in parts], ["application/node.eks.aws", "text/x-shellscript"])
        flags = yaml.safe_load(parts[0].get_payload())["spec"]["kubelet"]["flags"]
        # The second is what AWS's device plugin selects by.
        self.assertIn("--node-labels=aws.amazon.com/nitro-enclaves=true,aws-nitro-enclaves-k8s-dp=enabled", flags)
        folder = SCHEMA_FOLDER / "node"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "bin").mkdir(parents=True)
        for name in ("rpm", "dnf", "systemctl"):
            (folder / "bin" / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{folder}/calls\n'
                                               f'[ {name} != rpm ]\n')
            (folder / "bin" / name).chmod(0o755)
        script = parts[1].get_payload().replace("/opt/nitro-enc-svc", str(folder / "opt"))
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False,
                              env={"PATH": f"{folder}/bin:{os.environ['PATH']}", "NODE_ROOT": str(folder / "root")})
        self.assertEqual(done.returncode, 0, done.stderr)
        for placed, source in (("etc/nitro_enclaves/allocator.yaml", "allocator.yaml"),
                               ("var/lib/kubelet/seccomp/profiles/nitro-enc-svc-vsock.json", "seccomp-vsock.json")):
            self.assertEqual((folder / "root" / placed).read_bytes(), (ROOT / "deploy/node" / source).read_bytes())
        calls = (folder / "calls").read_text()
        self.assertIn("dnf install --assumeyes aws-nitro-enclaves-cli", calls)
        self.assertIn("systemctl enable --now nitro-enclaves-allocator.service", calls)

    def test_seccomp_profile_allows_vsock_and_refuses_what_it_does_not_name(self):
        profile = json.loads((ROOT / "deploy/node/seccomp-vsock.json").read_text())
        self.assertEqual(profile["defaultAction"], "SCMP_ACT_ERRNO")
        allowed = [name for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" and "args" not in rule
                   for name in rule["names"]]
        self.assertEqual(len(allowed), len(set(allowed)))
        for name in ("bpf", "clone", "clone3", "mount", "ptrace", "unshare", "setns", "init_module", "kexec_load",
                     "keyctl", "socket", "io_uring_setup", "userfaultfd", "perf_event_open", "process_vm_readv",
                     "pivot_root"):
            self.assertNotIn(name, allowed)
        families = [rule["args"][0]["value"] for rule in profile["syscalls"] if rule["names"] == ["socket"]]
        self.assertEqual(sorted(families), [1, 2, 10, 16, 40])


class Pipeline(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.template = parse_cloudformation((ROOT / "deploy/codepipeline.yaml").read_text(encoding="utf-8"))
        cls.resources = cls.template["Resources"]
        build = cls.resources["Build"]["Properties"]["Environment"]
        cls.build, cls.variables = build, {entry["Name"]: entry["Value"] for entry in build["EnvironmentVariables"]}

    def test_references_lead_somewhere(self):
        known = set(self.template["Parameters"]) | set(self.resources)
        text = json.dumps(self.template)
        named = set(re.findall(r'"Ref": "([^"]+)"', text)) | {
            name.split(".")[0] for name in re.findall(r'"Fn::GetAtt": "([^"]+)"', text)}
        for pattern in re.findall(r'"Fn::Sub": "([^"]+)"', text):
            named |= {name.split(".")[0] for name in re.findall(r"\$\{([^}]+)\}", pattern)}
        self.assertEqual({name for name in named if not name.startswith("AWS::")} - known, set())
        unused = set(self.template["Parameters"]) - named
        self.assertEqual(unused, set())

    def test_build_is_privileged_on_amazon_linux_2023(self):
        self.assertIs(self.build["PrivilegedMode"], True)
        self.assertEqual(self.build["Image"], "aws/codebuild/amazonlinux-x86_64-standard:5.0")

    def test_defaults_are_those_of_the_program(self):
        parameters = self.template["Parameters"]
        table = enclave_table()
        for name in ("S3_PREFIX", "SCHEMA_HEADER_NAME", "DEK_ROTATION_INTERVAL_SECS", "SCHEMA_REFRESH_INTERVAL_SECS",
                     "VSOCK_PROXY_PORT", "TLS_PORT", "LOG_LEVEL"):
            self.assertEqual(str(parameters[self.variables[name]["Ref"]]["Default"]), table[name], name)

    def test_project_has_the_variables_of_the_design_and_only_known_ones(self):
        wanted = {"ECR_REGISTRY", "ECR_REPO_ENCLAVE", "ECR_REPO_PROXY", "ECR_REPO_RUNNER", "AWS_DEFAULT_REGION",
                  "EIF_BUILDER", "BUILDER_IMAGE"}
        seeds = {"SECRET_ARN", "KMS_KEY_ID", "S3_BUCKET", "VSOCK_PROXY_CID", "OTEL_EXPORTER_OTLP_ENDPOINT", "S3_PREFIX",
                 "SCHEMA_HEADER_NAME", "DEK_ROTATION_INTERVAL_SECS", "SCHEMA_REFRESH_INTERVAL_SECS", "VSOCK_PROXY_PORT",
                 "TLS_PORT", "LOG_LEVEL"}
        self.assertLessEqual(wanted | seeds, set(self.variables))
        # AWS_REGION is CodeBuild's own, so the enclave's has another name there (scripts/build-image).
        given = {"AWS_REGION" if name == "ENCLAVE_AWS_REGION" else name for name in set(self.variables) - wanted}
        self.assertEqual(given, {name for name in enclave_table() if not name.startswith("OTEL_")} |
                         {"OTEL_EXPORTER_OTLP_ENDPOINT"})

    @staticmethod
    def actions(role):
        found = set()
        for policy in role["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                action = statement["Action"]
                found |= {action} if isinstance(action, str) else set(action)
        return found

    def test_roles_have_exactly_what_they_need(self):
        common = {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "logs:CreateLogGroup", "logs:CreateLogStream",
                  "logs:PutLogEvents"}
        self.assertEqual(self.actions(self.resources["BuildRole"]) - common, {
            "ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload",
            "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage", "ecr:CreateRepository",
            "ecr:DescribeRepositories"})
        self.assertEqual(self.actions(self.resources["GateRole"]) - common,
                         {"kms:GetKeyPolicy", "kms:ListGrants", "ssm:GetParameters"})
        self.assertEqual(self.actions(self.resources["DeployRole"]) - common, {"eks:DescribeCluster", "ssm:PutParameter"})

    def test_a_human_stands_between_the_build_and_the_nodes(self):
        stages = self.resources["Pipeline"]["Properties"]["Stages"]
        self.assertEqual([stage["Name"] for stage in stages], ["Source", "BuildEIF", "Gate", "Deploy"])
        gate = sorted(stages[2]["Actions"], key=lambda action: action["RunOrder"])
        self.assertEqual([action["ActionTypeId"]["Category"] for action in gate], ["Approval", "Build"])

    def test_production_is_refused_without_signed_schemas_and_named_clients(self):
        rule = self.template["Rules"]["ProductionIsStrict"]
        self.assertEqual(rule["RuleCondition"], {"Fn::Equals": [{"Ref": "Environment"}, "prod"]})
        checked = [assertion["Assert"]["Fn::Not"][0]["Fn::Equals"] for assertion in rule["Assertions"]]
        for name, value in (("SchemaPublicKey", ""), ("EncryptClients", ""), ("EncryptClients", "anonymous"),
                            ("DecryptClients", "anonymous"), ("TlsClientCaB64", "")):
            self.assertIn([{"Ref": name}, value], checked)


if __name__ == "__main__":
    unittest.main()

"""The Kubernetes manifests and the compose file: valid, whole, and with settings that the platform takes."""

import os
import re
import shutil
import subprocess
import sys

import kubernetes_validate
import pytest
import yaml

from deployment.local.environment import CHECKOUT

KUBERNETES = CHECKOUT / "deployment" / "ebi-wp-k8s-hl"
MANIFESTS = sorted(set(KUBERNETES.glob("*.yaml")) - {KUBERNETES / "kustomization.yaml"})
DOCUMENTS = [one for file in MANIFESTS for one in yaml.safe_load_all(file.read_text())]
PODS = [one["spec"]["template"]["spec"] for one in DOCUMENTS if one["kind"] in ("Deployment", "Job")]
CONTAINERS = [container for pod in PODS for container in pod["containers"]]
COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yaml").read_text())


def of_kind(kind):
    return {one["metadata"]["name"] for one in DOCUMENTS if one["kind"] == kind}


@pytest.mark.parametrize("one", DOCUMENTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_a_manifest_fits_the_schemas_of_kubernetes(one):
    kubernetes_validate.validate(one, "1.34", strict=True)


def test_all_manifests_are_applied_but_the_job():
    applied = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    assert sorted(applied) == [file.name for file in MANIFESTS if file.name != "migrate.yaml"]


def test_what_a_pod_names_is_there_or_told_to_be_made():
    readme = (KUBERNETES / "README.md").read_text()
    for container in CONTAINERS:
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                assert source["configMapRef"]["name"] in of_kind("ConfigMap")
            else:
                assert f"create secret generic {source['secretRef']['name']} " in readme
    for pod in PODS:
        volumes = {volume["name"] for volume in pod.get("volumes", [])}
        assert volumes == {mount["name"] for one in pod["containers"] for mount in one.get("volumeMounts", [])}
        claims = {
            one["persistentVolumeClaim"]["claimName"]
            for one in pod.get("volumes", [])
            if "hostPath" not in one and "emptyDir" not in one
        }
        assert claims <= of_kind("PersistentVolumeClaim")
    for one in DOCUMENTS:
        if one["kind"] == "Ingress":
            backends = {
                path["backend"]["service"]["name"] for rule in one["spec"]["rules"] for path in rule["http"]["paths"]
            }
            assert backends <= of_kind("Service")


def test_every_pod_is_unprivileged_and_whoever_listens_is_probed():
    for pod, container in zip(PODS, CONTAINERS, strict=True):
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["resources"]["limits"]["memory"]
        if "ports" in container:
            assert container["livenessProbe"]
    signing = [one["name"] for one in CONTAINERS if "prefect-database" in str(one.get("envFrom"))]
    assert signing == ["prefect"], "a secret goes to who needs it"


def test_the_targets_of_the_images_are_in_the_dockerfile():
    targets = set(re.findall(r"^FROM \S+ AS (\S+)", (CHECKOUT / "Dockerfile").read_text(), re.M))
    images = {one["image"].removeprefix("emg-").removesuffix(":current") for one in CONTAINERS}
    built = {
        one["image"].removeprefix("localhost/emg-")
        for one in COMPOSE["services"].values()
        if "localhost" in one["image"]
    }
    assert images <= targets
    assert built <= targets


def kubernetes_settings():
    (settings,) = (one["data"] for one in DOCUMENTS if one["kind"] == "ConfigMap")
    named = re.findall(r"literal=(EMG_\w+)=('[^']*'|…)", (KUBERNETES / "README.md").read_text())
    return settings | {
        name: value.strip("'").replace("…", f"a secret for {name}, long enough") for name, value in named
    }


def compose_settings():
    def filled(value):
        return re.sub(
            r"\$\{(\w+)(?::[-?]([^}]*))?\}",
            lambda found: found[2] if "PORT" in found[1] else f"of {found[1]}" * 4,
            value,
        )

    return {name: filled(value) for name, value in COMPOSE["x-app"]["environment"].items()}


@pytest.mark.parametrize("settings_of", [kubernetes_settings, compose_settings])
def test_its_settings_are_taken(settings_of):
    own = {name: value for name, value in os.environ.items() if not name.startswith("EMG_")}
    argv = [sys.executable, "manage.py", "check"]
    end = subprocess.run(argv, cwd=CHECKOUT, env=own | settings_of(), capture_output=True, text=True, check=False)
    assert end.returncode == 0, end.stderr


def test_an_update_migrates_with_the_new_image_before_the_api_gets_it(tmp_path):
    kubectl = tmp_path / "kubectl"  # tells what it is asked for, and the file it is given
    kubectl.write_text('#!/bin/sh\necho "kubectl $*"\ncase "$*" in *"-f -") cat ;; esac\n')
    kubectl.chmod(0o755)
    chosen = {"REGISTRY": "registry.example/emg", "TAG": "v7", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    argv = [shutil.which("task"), "ebi-wp-k8s-hl:update-api"]
    told = subprocess.run(
        argv, cwd=CHECKOUT, env=os.environ | chosen, capture_output=True, text=True, check=True
    ).stdout
    steps = [
        "delete job migrate",
        "image: registry.example/emg/emg-app:v7",
        "wait --for=condition=complete",
        "set image",
        "rollout status",
    ]
    places = [told.index(step) for step in steps]
    assert places == sorted(places)
    assert "deployment/api api=registry.example/emg/emg-app:v7" in told
    assert ":current" not in told

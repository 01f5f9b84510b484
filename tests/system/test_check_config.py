"""What --check-config and a start say of settings that are valid and could be safer."""

import subprocess

import harness
import pytest
from harness_tls import Authority, Files


def _check(program, *flags):
    ended = subprocess.run([harness.BIN / program, "--check-config", *map(str, flags)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0] == "configuration is valid"
    assert all(line.startswith("warning: ") for line in lines[1:])
    return lines[1:]


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text("0123456789abcdef0123456789ABCDEF-check")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("program", ["tocsin-hub", "tocsin-bridge"])
def test_on_loopback_there_is_nothing_to_say(program):
    assert _check(program) == []


@pytest.mark.parametrize("program", ["tocsin-hub", "tocsin-bridge"])
def test_who_insists_is_told_what_is_open(program):
    said = "\n".join(_check(program, "--listen", "0.0.0.0:0", "--insecure"))
    assert "whoever reaches --listen may publish and read every event" in said
    assert "reads tokens and events" in said


@pytest.mark.parametrize("program", ["tocsin-hub", "tocsin-bridge"])
def test_what_is_wrong_with_keys_is_told_until_it_is_right(program, secret, tmp_path):
    authority = Authority(tmp_path)
    files = Files(tmp_path, authority.issue())
    files.key.chmod(0o644)
    secret.chmod(0o644)
    flags = ["--listen", "0.0.0.0:0", "--auth-secret-file", secret, *files.flags]
    said = "\n".join(_check(program, *flags))
    assert f"--auth-secret-file {secret}: other users of this machine may read it (mode 0644)" in said
    assert f"--tls-key {files.key}: other users" in said
    assert "--auth-audience is not given" in said
    assert "the certificate expires within two weeks" in said  # it lasts for two days
    secret.chmod(0o600), files.key.chmod(0o600)
    said = "\n".join(_check(program, *flags, "--auth-audience", "tocsin"))
    assert "other users" not in said and "--auth-audience" not in said


def test_a_bridge_is_told_of_its_link_and_its_proxies(secret):
    said = "\n".join(_check("tocsin-bridge", "--listen", "0.0.0.0:0", "--behind-proxy", "--auth-secret-file", secret,
                            "--hub", "192.0.2.1:50051"))
    assert "--behind-proxy without --trusted-proxy" in said
    assert "--hub 192.0.2.1:50051 without --hub-tls" in said
    assert "--playground is on" in said


def test_a_start_logs_the_same(secret):
    secret.chmod(0o640)
    with harness.start_hub("--auth-secret-file", secret) as hub:
        harness.wait_for(lambda: "a setting could be safer" in hub.log(), what="the advice")
        assert "mode 0640" in hub.log()

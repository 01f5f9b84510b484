"""The command line's answers to wrong flags, unusual texts, and output that cannot be written."""

import subprocess

import pytest

import harness


@pytest.mark.parametrize("arguments, code, names", [
    (["sub", "--count", "-1"], 2, ["--count", "-1"]), (["sub", "--count", "0"], 2, ["--count", "1 to"]),
    (["sub", "--from", ""], 2, ["--from", "earliest"]), (["sub", "--from="], 2, ["--from"]),
    (["sub", "--name", "ü" * 65], 2, ["--name", "64"]),
    (["status", "--hub", ""], 2, ["--hub", "HOST:PORT"]), (["status", "--hub="], 2, ["--hub"]),
    (["status", "--output=", "json"], 2, ["--output"])], ids=repr)
def test_a_wrong_value_is_refused_by_its_flag(hub, arguments, code, names):
    done = harness.cli(hub, *arguments)
    assert done.returncode == code, done
    assert all(name in done.stderr for name in names), done.stderr


def test_an_empty_value_takes_no_argument_with_it():
    """Symptom: `--ops-listen= --durability always` said 'unexpected argument always'. Cause: CLI11 takes the next
    argument as the value of `--flag=`. Why older tests missed it: they give an empty value as an argument of its own."""
    for arguments in (["--ops-listen=", "--durability", "always"], ["--ops-listen", "", "--durability=always"]):
        done = subprocess.run([harness.BIN / "tocsin-hub", "--check-config", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_a_name_is_measured_in_characters(hub):
    done = harness.cli(hub, "sub", "--name", "ü" * 64, "--from", "earliest", "--until-caught-up")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [["status"], ["completion", "bash"], ["--help"], ["--version"],
                                       ["pub", "system-event", "--category", "c", "--message", "m", "--output", "json"]],
                         ids=repr)
def test_output_that_cannot_be_written_is_a_failure(hub, arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run([harness.BIN / "tocsin", "--hub", hub.address(0), *arguments], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=20)
    assert done.returncode == 1 and "cannot write the output" in done.stderr, done


def test_a_reader_that_has_gone_is_no_failure(hub, client):
    client.publish_many([harness.system_event(f"{i}") for i in range(200)])
    command = f"{harness.BIN / 'tocsin'} --hub {hub.address(0)} sub --from earliest --until-caught-up | head -1; " \
              "echo ${PIPESTATUS[0]}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30)
    assert done.stdout.splitlines()[-1] == "0", done


def test_a_folder_is_no_file_of_events(hub, tmp_path):
    done = harness.cli(hub, "pub", "--file", str(tmp_path))
    assert done.returncode == 1 and f"cannot read {tmp_path}: Is a directory" in done.stderr, done


def test_a_byte_order_mark_is_passed_over(hub, tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + b'{"type":"system_event","category":"c","message":"after a mark"}\n')
    done = harness.cli(hub, "pub", "--file", str(file))
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_seen_is_made_visible(hub, client):
    hidden = "a\u202eb\u200bc\u2028d\u2066e\ufefff"
    result = client.publish(harness.incident_created(title=hidden + "é 漢 😀"))
    before = f"{result.cursor.split('-')[0]}-{result.sequence - 1:x}"
    done = harness.cli(hub, "sub", "--from", before, "--count", "1")
    assert "a\\u202eb\\u200bc\\u2028d\\u2066e\\ufefff" in done.stdout and "é 漢 😀" in done.stdout, done

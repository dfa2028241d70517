"""An AWS account on the loopback interface, and an enclave's surroundings: the AWS emulator, the NSM emulator, and
the egress proxy, the enclave's way out. Sets up what the enclave needs: a key whose policy names the measured PCR0, a
bucket, a secret, signed schemas.

`bin` is the folder of the built programs, `home` (pathlib.Path) takes all state; end with stop()."""

import json
import os
import pathlib
import shutil
import subprocess

from aws_client import AwsClient, read_credentials
from background import Background

REGION, ACCOUNT, ROLE = "eu-central-1", "111122223333", "nitro-enclave-node"
BUCKET, PREFIX = "nitro-enc-svc-schemas", "schemas/"
SECRET_NAME = "nitro-enc-svc/dek"
HOSTS = [f"kms.{REGION}.amazonaws.com", f"secretsmanager.{REGION}.amazonaws.com", f"{BUCKET}.s3.{REGION}.amazonaws.com"]


class CommandFailed(Exception):
    """A program said no. `status` is its exit status, the text what it said."""

    def __init__(self, command, status, output):
        super().__init__(f"{' '.join(command)}: status {status}\n{output}")
        self.status, self.output = status, output


def key_policy(pcr0s):
    """The role may decrypt from enclaves with one of these PCR0s; administrators may encrypt and manage, and nobody
    may decrypt otherwise. PCR0 None leaves the condition out."""
    role = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
    condition = {"StringEqualsIgnoreCase": {"kms:RecipientAttestation:ImageSha384": pcr0s}}
    return {"Version": "2012-10-17", "Statement": [
        {"Sid": "Administration", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
         "Action": ["kms:Create*", "kms:Describe*", "kms:Get*", "kms:List*", "kms:Put*", "kms:Encrypt",
                    "kms:GenerateDataKeyWithoutPlaintext"], "Resource": "*"},
        {"Sid": "AllowNitroEnclaveDecrypt", "Effect": "Allow", "Principal": {"AWS": role}, "Action": "kms:Decrypt",
         "Resource": "*", "Condition": condition}]}


class EmulatedCloud:
    def __init__(self, binaries, home, credentials_lifetime_s=3600, unsigned_documents=False):
        """`unsigned_documents`: KMS takes those of QEMU's NSM, and no others."""
        self.bin, self.home = pathlib.Path(binaries), pathlib.Path(home)
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.aws_state, self.nsm_state = self.home / "aws", self.home / "nsm"
        self.faults_file = self.home / "faults.json"
        self.set_faults([])
        self.allow_list = self.home / "allow-list.yaml"
        self.pcr_file = self.home / "pcrs.json"
        self.nsm_socket = self.home / "nsm.sock"
        self.root_pem = self.nsm_state / "root.pem"
        self.schema_dir = self.aws_state / "s3" / BUCKET / PREFIX
        self.schema_key = self.home / "schema-signing.pem"
        self.lifetime_s = credentials_lifetime_s
        self.believes = ["--attestation-unsigned"] if unsigned_documents else ["--attestation-root", self.root_pem]
        self.aws = self.egress = None
        self.port = self.tls_port = self.egress_port = 0  # chosen at the first start, and kept
        self.key_arn = self.secret_arn = ""
        self.nsms = []

    # --- processes ---

    def start(self):
        """All three, with an account that is empty yet."""
        self.measure(self.bin / "enclave-dev")
        self.start_nsm()
        self.start_aws()
        self.start_egress()
        return self

    def measure(self, program, pcr_file=None):
        """Writes the PCRs that stand for `program` and returns PCR0 in hex."""
        output = self.run(self.bin / "nsm-emulator", "measure", program)
        (pcr_file or self.pcr_file).write_text(output, encoding="ascii")
        return json.loads(output)["Measurements"]["PCR0"]

    def start_nsm(self, pcr_file=None, socket=None, options=()):
        """The NSM of an enclave; another one with its own PCRs has a socket of its own."""
        socket = socket or self.nsm_socket
        nsm = Background([self.bin / "nsm-emulator", "--socket", socket, "--pcrs", pcr_file or self.pcr_file,
                          "--state", self.nsm_state, *options], self.home / f"{socket.name}.log")
        self.nsms.append(nsm)
        nsm.wait_for_line("ready")
        return nsm

    def start_aws(self, options=()):
        self.aws = Background(
            [self.bin / "aws-emulator", "--listen", f"tcp:127.0.0.1:{self.port}",
             "--tls-listen", f"tcp:127.0.0.1:{self.tls_port}", "--state", self.aws_state, "--account", ACCOUNT,
             "--region", REGION, "--imds-role", ROLE, *self.believes,
             "--credentials-lifetime-secs", self.lifetime_s, "--faults", self.faults_file, *options],
            self.home / "aws.log")
        self.aws.wait_for_line("ready")
        self.port = int(self.aws.wait_for_line("listening http ").rpartition(":")[2])
        self.tls_port = int(self.aws.wait_for_line("listening https ").rpartition(":")[2])

    def start_egress(self, listen=None):
        """The services of AWS by their names lead to the emulator. `listen`: an endpoint other than a port of ours."""
        entries = [(host, 443) for host in HOSTS] + [("127.0.0.1", self.port)]
        self.allow_list.write_text("allowlist:\n" + "".join(
            f"- {{address: {host}, port: {port}}}\n" for host, port in entries), encoding="ascii")
        maps = [f"--map={host}=tcp:127.0.0.1:{self.tls_port}" for host in HOSTS]
        self.egress = Background(
            [self.bin / "vsock-proxy", "egress", "--listen", listen or f"tcp:127.0.0.1:{self.egress_port}", "--config",
             self.allow_list, "--admin-port", "0", "--drain-secs", "0", *maps], self.home / "egress.log",
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.endpoint})
        line = json.loads(self.egress.wait_for_line("{", '"purpose":"egress"'))
        self.egress_port = int(line["endpoint"].rpartition(":")[2])

    def processes(self):
        return [process for process in (self.egress, self.aws, *self.nsms) if process]

    def stop(self):
        for process in self.processes():
            process.stop()

    def set_faults(self, rules):
        """What the AWS emulator does wrong from now on; its README says how."""
        temporary = self.faults_file.with_suffix(".new")
        temporary.write_text(json.dumps(rules), encoding="ascii")
        temporary.rename(self.faults_file)

    # --- the account ---

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin(self):
        return AwsClient(self.endpoint, REGION, read_credentials(self.aws_state / "admin-credentials"))

    def create_key(self, pcr0s):
        policy = json.dumps(key_policy(pcr0s))
        self.key_arn = self.admin.call("kms", "CreateKey", Policy=policy)["KeyMetadata"]["Arn"]
        return self.key_arn

    def put_policy(self, pcr0s):
        self.admin.call("kms", "PutKeyPolicy", KeyId=self.key_arn, PolicyName="default",
                        Policy=json.dumps(key_policy(pcr0s)))

    def create_secret(self):
        """The secret with its first version: a data key that nobody has seen."""
        output = self.nitro_enc("dek", "create", "--name", SECRET_NAME, "--kms-key-id", self.key_arn)
        self.secret_arn = json.loads(output)["secret_arn"]
        return self.secret_arn

    def environment(self):
        """For programs that speak to AWS as the administrator."""
        return {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": REGION,
                "AWS_SHARED_CREDENTIALS_FILE": str(self.aws_state / "admin-credentials")}

    def run(self, *command):
        """The standard output of a program. Raises CommandFailed."""
        command = [str(part) for part in command]
        done = subprocess.run(command, env=self.environment() if self.port else None, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise CommandFailed(command, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def nitro_enc(self, *arguments):
        return self.run(self.bin / "nitro-enc", *arguments)

    def make_schema_key(self):
        """The value of SCHEMA_PUBLIC_KEY; the private half is in schema_key."""
        return self.nitro_enc("schema", "keygen", "--out", self.schema_key).strip()

    def put_schema(self, path, sign=True):
        """A schema file into the bucket, and its signature first: no refresh finds it without."""
        self.schema_dir.mkdir(parents=True, exist_ok=True)
        work = self.home / "signing"
        work.mkdir(exist_ok=True)
        copy = work / path.name
        shutil.copy(path, copy)
        if sign:
            self.nitro_enc("schema", "sign", "--key", self.schema_key, copy)
            signature = copy.with_name(copy.name + ".sig")
            shutil.copy(signature, self.schema_dir / (signature.name + ".new"))
            (self.schema_dir / (signature.name + ".new")).rename(self.schema_dir / signature.name)
        shutil.copy(copy, self.schema_dir / (copy.name + ".new"))
        (self.schema_dir / (copy.name + ".new")).rename(self.schema_dir / copy.name)

    # --- the enclave ---

    def enclave_settings(self):
        """Configuration of an enclave-dev here: the sources of production behind the egress."""
        return {"SECRET_ARN": self.secret_arn, "KMS_KEY_ID": self.key_arn, "S3_BUCKET": BUCKET, "S3_PREFIX": PREFIX,
                "AWS_REGION": REGION, "VSOCK_PROXY_PORT": str(self.egress_port), "DEV_PARENT": "tcp:127.0.0.1",
                "DEV_NSM_SOCKET": str(self.nsm_socket), "DEV_CA_FILE": str(self.ca_file), "DEV_KEY_DIR": None,
                "DEV_SCHEMA_DIR": None}

    @property
    def ca_file(self):
        return self.aws_state / "ca.pem"

#!/usr/bin/env bash
# Prints the LaunchTemplateData of nodes that run enclaves:
#   deploy/node/launch-template.sh >node.json
#   aws ec2 create-launch-template --launch-template-name nitro-enc-svc --launch-template-data file://node.json
#
# - EnclaveOptions: without it the instance has no enclaves, and it cannot be changed later.
# - HttpPutResponseHopLimit 2: the egress asks for credentials out of a pod, one hop away; HttpTokens: IMDSv2 alone.
# - UserData: the node's label and taint (nodeSelector and tolerations of daemonset-enclave.yaml), the label by which
#   AWS's device plugin finds it, then
#   install-node.sh with its two files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

type=${INSTANCE_TYPE:-m5.xlarge} # x86-64-v3, and more vCPUs than allocator.yaml takes

# here_document FILE: a command that writes the file's content.
here_document() {
  printf "cat >%s <<'END_OF_FILE'\n" "$1"
  cat "$1"
  printf 'END_OF_FILE\n'
}

user_data() {
  cat <<'END'
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="nitro-enc-svc"

--nitro-enc-svc
Content-Type: application/node.eks.aws

apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  kubelet:
    flags:
      - --node-labels=aws.amazon.com/nitro-enclaves=true,aws-nitro-enclaves-k8s-dp=enabled
      - --register-with-taints=aws.amazon.com/nitro-enclaves=true:NoSchedule

--nitro-enc-svc
Content-Type: text/x-shellscript; charset="us-ascii"

#!/usr/bin/env bash
set -euo pipefail
mkdir -p /opt/nitro-enc-svc && cd /opt/nitro-enc-svc
END
  here_document allocator.yaml
  here_document seccomp-vsock.json
  here_document install-node.sh
  printf 'bash install-node.sh\n\n--nitro-enc-svc--\n'
}

jq --null-input --arg type "$type" --arg data "$(user_data | base64 --wrap=0)" '{
  InstanceType: $type,
  EnclaveOptions: { Enabled: true },
  MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 2, HttpEndpoint: "enabled" },
  UserData: $data
}'

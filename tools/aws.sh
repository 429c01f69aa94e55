#!/bin/bash
# aws.sh install    fetches moto into .cache/aws and versitygw into .cache/bin, where they are missing; needs Python, Go and the network
#
# moto stands in for SQS, SNS, EventBridge and S3 with notifications; versitygw is an S3 for volume. Without Python's venv
# or the network it says so and does nothing; the tests of AWS then say that they are left out.
set -eu
MOTO=5.2.5 VERSITYGW=v1.8.0
[ "${1:-}" = install ] && [ $# -eq 1 ] || { sed -n 2p "$0" | cut -c3- >&2; exit 2; }
cd "$(dirname "$0")/.."
mkdir -p .cache/bin
if [ "$(cat .cache/aws/version 2>/dev/null)" != $MOTO ]; then
  rm -rf .cache/aws
  python3 -m venv .cache/aws && .cache/aws/bin/pip install -q "moto[s3,events]==$MOTO" flask==3.1.3 flask-cors==6.0.5 ||
    { echo "aws.sh: no Python with venv here, or no PyPI: no moto" >&2; exit 0; }
  echo $MOTO > .cache/aws/version
fi
[ -x .cache/bin/versitygw ] || GOFLAGS= GOBIN="$PWD/.cache/bin" go install "github.com/versity/versitygw/cmd/versitygw@$VERSITYGW" ||
  echo "aws.sh: versitygw could not be built: no S3 for volume" >&2

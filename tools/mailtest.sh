#!/bin/bash
# mailtest.sh install       installs Debian's packages where they are missing; needs root and the network
# mailtest.sh up|down DIR   starts or stops a private Postfix and Dovecot under DIR, all on 127.0.0.1; needs root
#
# 2587 submission (STARTTLS and AUTH demanded), 2465 implicit TLS, 2525 plain, 2143 IMAP.
# Users ops@example.com and imai@example.jp, password s3cret; any other domain is refused at RCPT.
# DIR/tls/crt.pem is the authority to trust, for localhost and 127.0.0.1. DIR and the folders above it must be
# traversable by the users postfix and vmail (mode 0755 below /tmp). Any Postfix of the machine is left alone.
set -eu
umask 022 # tests that open a data directory have another, and Postfix reads as its own users
usage() { sed -n '2,3p' "$0" | cut -c3- >&2; exit 2; }
[ $# -ge 1 ] || usage
if [ "$1" = install ]; then
  for program in postfix dovecot doveadm openssl; do
    command -v "$program" >/dev/null || missing=yes
  done
  [ -n "${missing:-}" ] || exit 0
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    postfix libsasl2-modules dovecot-imapd dovecot-lmtpd openssl
  exit 0
fi
[ $# -eq 2 ] || usage
mkdir -p "$2"; R=$(cd "$2" && pwd)
case $1 in
up) ;;
down)
  status=0
  postfix -c "$R/etc" stop || status=$?
  doveadm -c "$R/dove/dovecot.conf" stop || status=$?
  exit "$status" ;;
*) usage ;;
esac
mkdir -p "$R"/{etc,queue,data,dove,mail,run,tls}; cd "$R"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
  -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" -keyout tls/key.pem -out tls/crt.pem 2>/dev/null
getent passwd vmail >/dev/null || useradd -r -M -s /usr/sbin/nologin vmail
chown vmail mail
cat > dove/dovecot.conf <<END
base_dir = $R/run/dovecot
state_dir = $R/run/dovecot
log_path = $R/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
mail_location = maildir:$R/mail/%u
mail_uid = vmail
mail_gid = vmail
first_valid_uid = 1
passdb {
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
  args = scheme=PLAIN $R/dove/users
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=$R/mail/%u allow_all_users=yes
}
service imap-login {
  inet_listener imap {
    port = 2143
  }
  inet_listener imaps {
    port = 0
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = 2124
  }
}
service auth {
  inet_listener {
    address = 127.0.0.1
    port = 2126
  }
}
END
printf '%s:{PLAIN}s3cret\n' ops@example.com imai@example.jp > dove/users
cat > etc/main.cf <<END
compatibility_level = 3.6
queue_directory = $R/queue
data_directory = $R/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = $R/postfix.log
maillog_file_prefixes = $R
myhostname = mx.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
virtual_mailbox_domains = example.com example.jp
virtual_transport = lmtp:inet:127.0.0.1:2124
default_transport = error:no outside mail
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:2126
smtpd_tls_cert_file = $R/tls/crt.pem
smtpd_tls_key_file = $R/tls/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
message_size_limit = 10485760
smtputf8_enable = yes
alias_maps =
END
cat > etc/master.cf <<END
127.0.0.1:2525 inet n - n - - smtpd
127.0.0.1:2587 inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
127.0.0.1:2465 inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
END
for f in postfix-files dynamicmaps.cf; do [ ! -e "/etc/postfix/$f" ] || cp "/etc/postfix/$f" etc/; done
chown -R postfix data
# The servers keep their output open; a caller that reads ours must not wait for them.
start() { "$@" >>"$R/start.log" 2>&1 </dev/null || { cat "$R/start.log" >&2; exit 1; }; }
start dovecot -c "$R/dove/dovecot.conf"
start postfix -c "$R/etc" start

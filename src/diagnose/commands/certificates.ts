/**
 * Commands after which Python and pip trust what the system trusts: where a company's proxy opens connections, its certificate is in the
 * system's list and not in Python's own. They do not know whether it is there, and take no certificate from the connection itself.
 * Sources: docs.python.org, "ssl" (SSL_CERT_FILE, the certificates of Windows); pip.pypa.io, "HTTPS Certificates" (truststore since 24.2).
 */
import { isOfUv } from "./command-words.ts";
import { platformOf, setVariable } from "./commands.ts";
import type { Match } from "../rule.ts";

const systemList =
  "$(ls /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem 2>/dev/null | head -n 1)";

/** Whether Python's own library asked, as a set-up script does, and not pip: pip's options do not reach it. */
function asksByUrllib({ finding, context }: Match): boolean {
  const urllib = /urlopen error|\burllib\.error\.URLError/;
  return (
    urllib.test(finding.text) ||
    context.findings.some(({ at, text }) => at > finding.at && at - finding.at < 40 && urllib.test(text))
  );
}

/** Lines that make the system's certificates count. */
export function trustSystem(match: Match): string[] {
  const platform = platformOf(match);
  if (match.context.log.dockerBuild)
    return [
      "# the company's certificate comes into the image before the step that fails: COPY company-ca.crt /usr/local/share/ca-certificates/ and RUN update-ca-certificates; then:",
      "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt",
    ];
  if (isOfUv(match)) return [`${setVariable(match, "UV_NATIVE_TLS", "1")}   # uv then trusts what the system trusts`];
  const own =
    "# the company's certificate is not among them: ask for it as a file; export PIP_CERT=/path/to/company-ca.pem SSL_CERT_FILE=/path/to/company-ca.pem REQUESTS_CA_BUNDLE=/path/to/company-ca.pem";
  const stopgap = `${setVariable(match, "PIP_TRUSTED_HOST", "pypi.org files.pythonhosted.org download.pytorch.org")}   # a stopgap without the certificate: the connection is not checked`;
  const byUrllib = asksByUrllib(match);
  if (platform === "win32") return byUrllib ? [own] : [own, stopgap];
  const list =
    platform === "darwin"
      ? [
          "security find-certificate -a -p /Library/Keychains/System.keychain /System/Library/Keychains/SystemRootCertificates.keychain > ~/system-ca.pem",
          "export SSL_CERT_FILE=~/system-ca.pem REQUESTS_CA_BUNDLE=~/system-ca.pem PIP_CERT=~/system-ca.pem   # what the Mac itself trusts, the company's certificate with it",
        ]
      : [
          `export SSL_CERT_FILE=${systemList}   # what the system trusts, the company's certificate with it; conda's Python has a list of its own`,
          "export REQUESTS_CA_BUNDLE=$SSL_CERT_FILE PIP_CERT=$SSL_CERT_FILE",
        ];
  return byUrllib
    ? [...list, own, "# PIP_TRUSTED_HOST does not help here: it is the package's setup.py that downloads, not pip"]
    : [...list, own, stopgap];
}

//! curl's options: which take a value. Those that say nothing about the request are passed over.

/// With a value, long name and short one, as curl 8's own help has them.
const WITH_VALUE: &str = "\
abstract-unix-socket alt-svc aws-sigv4 cacert capath cert=E cert-type ciphers config=K connect-timeout \
connect-to continue-at=C cookie=b cookie-jar=c create-file-mode crlfile curves data=d data-ascii data-binary \
data-raw data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url \
dump-header=D ech egd-file engine etag-compare etag-save expect100-timeout form=F form-string ftp-account \
ftp-alternative-to-user ftp-method ftp-port=P ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip \
header=H help=h hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway json keepalive-cnt \
keepalive-time key key-type krb libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt \
max-filesize max-redirs max-time=m netrc-file noproxy oauth2-bearer output=o output-dir parallel-max pass \
pinnedpubkey preproxy proto proto-default proto-redir proxy=x proxy-cacert proxy-capath proxy-cert \
proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass \
proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword \
proxy-tlsuser proxy-user=U proxy1.0 pubkey quote=Q random-file range=r rate referer=e request=X \
request-target resolve retry retry-delay retry-max-time sasl-authzid service-name socks4 socks4a socks5 \
socks5-gssapi-service socks5-hostname speed-limit=Y speed-time=y stderr telnet-option=t tftp-blksize \
time-cond=z tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii trace-config \
unix-socket upload-file=T url url-query user=u user-agent=A variable vlan-priority write-out=w";

/// Without one.
const ALONE: &str = "\
anyauth append=a basic buffer ca-native cert-status compressed compressed-ssh create-dirs crlf digest \
disable=q disable-eprt disable-epsv disallow-username-in-url doh-cert-status doh-insecure fail=f fail-early \
fail-with-body false-start form-escape ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc \
ftp-ssl-control get=G globoff=g haproxy-protocol head=I http0.9 http1.0=0 http1.1 http2 \
http2-prior-knowledge http3 http3-only ignore-content-length include=i insecure=k ipv4=4 ipv6=6 \
junk-session-cookies=j keepalive list-only=l location=L location-trusted mail-rcpt-allowfails manual=M \
metalink negotiate netrc=n netrc-optional next=: no-buffer=N ntlm ntlm-wb parallel=Z parallel-immediate \
path-as-is post301 post302 post303 progress-bar=# progress-meter proxy-anyauth proxy-basic proxy-ca-native \
proxy-digest proxy-http2 proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast \
proxy-ssl-auto-client-cert proxy-tlsv1 proxytunnel=p raw remote-header-name=J remote-name=O remote-name-all \
remote-time=R remove-on-error retry-all-errors retry-connrefused sasl-ir sessionid show-error=S \
show-headers silent=s skip-existing socks5-basic socks5-gssapi socks5-gssapi-nec ssl ssl-allow-beast \
ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv2=2 sslv3=3 styled-output \
suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options tlsv1=1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 \
tr-encoding trace-ids trace-time use-ascii=B verbose=v version=V xattr";

/// An option by its long name, and its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// Without a value.
    Flag(&'static str),
    /// With one.
    Value(&'static str, String),
    /// No option: a URL.
    Plain(String),
}

/// The arguments after `curl`.
pub(super) fn arguments(words: Vec<String>) -> Result<Vec<Argument>, String> {
    let mut words = words.into_iter();
    let mut found = Vec::new();
    let mut only_plain = false;
    while let Some(word) = words.next() {
        if only_plain || word == "-" || !word.starts_with('-') {
            found.push(Argument::Plain(word));
        } else if word == "--" {
            only_plain = true;
        } else if let Some(name) = word.strip_prefix("--") {
            found.push(long(name, &mut words)?);
        } else {
            short(&word, &mut words, &mut found)?;
        }
    }
    Ok(found)
}

fn long(name: &str, words: &mut impl Iterator<Item = String>) -> Result<Argument, String> {
    if let Some(name) = by_long(WITH_VALUE, name) {
        return Ok(Argument::Value(name, value(&format!("--{name}"), words)?));
    }
    // Each that is on can be switched off.
    let positive = name.strip_prefix("no-").unwrap_or(name);
    let flag = by_long(ALONE, name).or_else(|| by_long(ALONE, positive).map(|_| "no"));
    flag.map(Argument::Flag).ok_or_else(|| {
        // What follows a `=` may be a credential.
        let name = name.split('=').next().unwrap_or_default();
        if by_long(WITH_VALUE, name).is_some() {
            format!("curl wants a space after --{name} where this has a \"=\"")
        } else {
            unknown(&format!("--{name}"))
        }
    })
}

/// `-sSXPATCH`: flags, and at the end one with its value.
fn short(
    word: &str,
    words: &mut impl Iterator<Item = String>,
    found: &mut Vec<Argument>,
) -> Result<(), String> {
    let mut letters = word.chars();
    letters.next();
    while let Some(letter) = letters.next() {
        if let Some(name) = by_short(WITH_VALUE, letter) {
            let value = match letters.as_str() {
                "" => value(&format!("-{letter}"), words)?,
                value => value.to_owned(),
            };
            found.push(Argument::Value(name, value));
            return Ok(());
        }
        let flag = by_short(ALONE, letter).ok_or_else(|| unknown(&format!("-{letter}")))?;
        found.push(Argument::Flag(flag));
    }
    Ok(())
}

fn unknown(option: &str) -> String {
    format!(
        "curl's option {option} is not known here: leave it out if it says nothing about the request"
    )
}

fn value(option: &str, words: &mut impl Iterator<Item = String>) -> Result<String, String> {
    words
        .next()
        .ok_or_else(|| format!("curl's option {option} wants a value"))
}

fn entries(table: &'static str) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let entries = table.split(' ');
    entries.map(|entry| {
        entry
            .split_once('=')
            .map_or((entry, None), |(long, short)| (long, Some(short)))
    })
}

fn by_long(table: &'static str, name: &str) -> Option<&'static str> {
    let mut entries = entries(table);
    entries
        .find(|(long, _)| *long == name)
        .map(|(long, _)| long)
}

fn by_short(table: &'static str, letter: char) -> Option<&'static str> {
    let mut entries = entries(table);
    let found = entries.find(|(_, short)| short.is_some_and(|short| short.starts_with(letter)));
    found.map(|(long, _)| long)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Vec<Argument>, String> {
        arguments(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn flags_are_taken_apart() {
        let value = |name, value: &str| Argument::Value(name, value.to_owned());
        let expected = vec![
            Argument::Flag("silent"),
            Argument::Flag("show-error"),
            value("request", "PATCH"),
            value("header", "a: b"),
            Argument::Flag("no"),
            value("data", "-x"),
            Argument::Plain("u".to_owned()),
            Argument::Plain("-k".to_owned()),
        ];
        let words = [
            "-sSXPATCH",
            "-H",
            "a: b",
            "--no-progress-meter",
            "-d",
            "-x",
            "u",
            "--",
            "-k",
        ];
        assert_eq!(read(&words).unwrap(), expected);
    }

    #[test]
    fn what_is_not_known_is_named() {
        assert!(read(&["--colour"]).unwrap_err().contains("--colour"));
        assert!(read(&["-s~"]).unwrap_err().contains("-~"));
        assert!(read(&["-X"]).unwrap_err().contains("-X wants a value"));
        let told = read(&["--user=name:planted"]).unwrap_err();
        assert!(told.contains("a space after --user"), "{told}");
        let told = read(&["--pass-word=planted"]).unwrap_err();
        assert!(told.contains("--pass-word is not known"), "{told}");
    }

    #[test]
    fn no_name_is_there_twice() {
        let mut names: Vec<&str> = Vec::new();
        for (long, short) in entries(WITH_VALUE).chain(entries(ALONE)) {
            names.push(long);
            names.extend(short);
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}

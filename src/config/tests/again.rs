//! Reading again while a process runs by what was read before.

use std::fmt::Write as _;

use super::*;

const START: &str = "\
[listen]
address = \"127.0.0.1:0\"
[admin]
address = \"127.0.0.1:9901\"
[[upstream]]
url = \"https://api.mypurecloud.com\"
";

struct Running {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
    config: Config,
}

fn running() -> Running {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, START).unwrap();
    let config = Config::load(Some(&path), [], Overrides::default()).unwrap();
    Running {
        _folder: folder,
        path,
        config,
    }
}

impl Running {
    fn again(&self, text: &str, flags: Overrides) -> Result<Config, Vec<String>> {
        std::fs::write(&self.path, text).unwrap();
        let name = self.path.display().to_string();
        let loaded = Config::load_again(&self.path, [], flags, &self.config);
        loaded.map_err(|faults| {
            let faults = faults.as_slice().iter();
            faults
                .map(|fault| fault.to_string().replace(&name, "c.toml"))
                .collect()
        })
    }
}

#[test]
fn what_needs_a_restart_is_refused_where_it_is_written_together_with_all_other_faults() {
    let running = running();
    let text = START.replace(":0", ":8080").replace("9901", "9902") + "[cache]\ncapacity = 0\n";
    let faults = running.again(&text, Overrides::default()).unwrap_err();
    let [listen, admin, capacity] = &faults[..] else {
        panic!("{faults:#?}");
    };
    assert!(
        listen.starts_with("c.toml:2: listen.address: 127.0.0.1:8080 needs a restart: this process listens on 127.0.0.1:0,"),
        "{listen}"
    );
    assert!(
        admin.starts_with("c.toml:4: admin.address: 127.0.0.1:9902 needs a restart"),
        "{admin}"
    );
    assert!(
        capacity.starts_with("c.toml:8: cache.capacity: "),
        "{capacity}"
    );
    // What was left out is another address, too.
    let text = START.replace("address = \"127.0.0.1:0\"", "");
    let faults = running.again(&text, Overrides::default()).unwrap_err();
    assert!(
        faults[0].contains("127.0.0.1:8080 needs a restart"),
        "{faults:?}"
    );
    // An address that is none is wrong, and no other one.
    let text = START.replace("127.0.0.1:0", "here");
    let faults = running.again(&text, Overrides::default()).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:#?}");
    let text = START.replace("[listen]\naddress = \"127.0.0.1:0\"", "listen = 5");
    let faults = running.again(&text, Overrides::default()).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:#?}");
}

#[test]
fn how_many_threads_serve_needs_a_restart_too() {
    let running = running();
    let again = |limits: &str| {
        let text = format!("{START}[limits]\n{limits}");
        running.again(&text, Overrides::default())
    };
    let faults = again("workers = 3\n").unwrap_err();
    assert_eq!(
        faults,
        ["c.toml:8: limits.workers: 3 needs a restart: this process runs with one for each core"]
    );
    let faults = again("workers = 0\n").unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].contains("from 1 to 1024"), "{faults:#?}");
    assert!(again("").is_ok());
}

#[test]
fn everything_else_may_change() {
    let running = running();
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = running.path.parent().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    put("c.pem", &certificate.cert.pem());
    put("k.pem", &certificate.signing_key.serialize_pem());
    put("p.key", "a partition key of some length\n");
    let mut text = "rules = \"official\"\n".to_owned() + START;
    text = text.replace(
        "[admin]",
        "[listen.tls]\ncertificate = \"c.pem\"\nprivate_key = \"k.pem\"\n[admin]",
    );
    text = text.replace("mypurecloud.com", "mypurecloud.jp") + "name = \"tokyo\"\n";
    let _ = write!(
        text,
        "[repair]\nmode = \"observe\"\n\
         [cache]\nmax_age = \"1s\"\ncapacity = 5\npartition_key_file = \"p.key\"\n\
         [breaker]\nfailures = 3\n\
         [limits]\nbuffered = \"32MiB\"\nconcurrency = 5\nconnections = 5\nlookups = 5\n\
         [timeouts]\nidle = \"5s\"\n\
         [[diagnosis]]\nname = \"own\"\ncodes = [\"a.b\"]\nreason = \"user_needed\"\n"
    );
    let config = running.again(&text, Overrides::default());
    let config = config.unwrap_or_else(|faults| panic!("{faults:#?}"));
    let (before, after) = (running.config.sections(), config.sections());
    let all = "admin breaker cache diagnosis limits listen listen.tls repair rule rules source timeouts upstream";
    let differing = after.differing(&before);
    let same: Vec<_> = all
        .split(' ')
        .filter(|name| !differing.contains(name))
        .collect();
    assert_eq!(same, ["admin", "listen"]);
    assert_eq!(config.files(), [folder.join("p.key")]);
}

#[test]
fn an_emptied_file_is_no_configuration_even_where_flags_make_it_one() {
    let running = running();
    let flags = || Overrides {
        upstream: Some("https://api.mypurecloud.com".to_owned()),
        listen: "127.0.0.1:0".parse().ok(),
        ..Overrides::default()
    };
    for text in ["", "\n \n"] {
        let faults = running.again(text, flags()).unwrap_err();
        assert_eq!(
            faults,
            ["c.toml: is empty: if the defaults are what you mean, write a comment into it"]
        );
        Config::load(Some(&running.path), [], flags()).unwrap();
    }
    running.again("# the defaults\n", flags()).unwrap();
}

#[test]
fn sections_that_differ_are_named_and_secrets_count_but_are_not_shown() {
    let of = |text: &str| {
        let text = START.to_owned() + text;
        let loaded = Config::from_text("c.toml", &text, [], Overrides::default());
        loaded
            .unwrap_or_else(|faults| panic!("{faults}"))
            .sections()
    };
    let plain = of("");
    assert_eq!(of("").differing(&plain), [""; 0]);
    // What is said where it was the default already changes nothing.
    assert_eq!(of("[cache]\nlearn = true\n").differing(&plain), [""; 0]);
    let key = |secret: &str| {
        of(&format!(
            "[cache]\npartition_key = \"{secret}-0123456789\"\n"
        ))
    };
    let (one, two) = (key("hunter1"), key("hunter2"));
    assert_eq!(one.differing(&two), ["cache"]);
    assert_eq!(one.differing(&key("hunter1")), [""; 0]);
    assert!(!format!("{one:?}").contains("hunter"), "{one:?}");
    let rule = of(
        "[[source]]\nname = \"conversation\"\nget = \"/a/{conversationId}\"\n\
                   participants = \"$.p[*]\"\nid = \"$.id\"\n[source.fields]\nstate = [\"$.s\"]\nqueue = [\"$.q\"]\n",
    );
    assert_eq!(rule.differing(&plain), ["source"]);
    assert_eq!(plain.differing(&rule), ["source"]);
}

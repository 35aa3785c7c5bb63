//! Who may use the proxy, as text.

use super::super::access::{Access, Client, Rate};
use super::super::credential::Credential;
use super::super::units::duration_text;
use super::{Text, strings};

impl Text {
    pub(super) fn access(&mut self, access: &Access) {
        self.section("[access]");
        self.string("api_key_header", access.api_key_header.as_str());
        access.clients.iter().for_each(|client| self.client(client));
        let credentials = access.credentials.iter();
        credentials.for_each(|credential| self.credential(credential));
    }

    fn client(&mut self, client: &Client) {
        self.section("[[client]]");
        self.string("name", &client.name);
        let keys = client.api_keys.iter().map(|key| self.hidden(&key.0));
        let keys: Vec<_> = keys.collect();
        let subjects: Vec<_> = client.subjects.iter().map(ToString::to_string).collect();
        let networks: Vec<_> = client.networks.iter().map(ToString::to_string).collect();
        for (key, list) in [
            ("api_keys", &keys),
            ("subjects", &subjects),
            ("networks", &networks),
        ] {
            if !list.is_empty() {
                self.plain(key, strings(list));
            }
        }
        if let Some(upstreams) = &client.upstreams {
            self.plain("upstreams", strings(upstreams));
        }
        if let Some(methods) = &client.methods {
            self.plain("methods", strings(methods));
        }
        if let Some(concurrency) = client.concurrency {
            self.plain("concurrency", concurrency);
        }
        if let Some(Rate { requests, per }) = client.rate {
            self.string("rate", &format!("{requests}/{}", duration_text(per)));
        }
        if let Some(credential) = &client.credential {
            self.string("credential", credential);
            self.plain("overwrite_authorization", client.overwrite_authorization);
        }
    }

    fn credential(&mut self, credential: &Credential) {
        self.section("[[credential]]");
        self.string("name", &credential.name);
        self.secret("client_id", Some(&credential.client_id));
        self.secret("client_secret", Some(&credential.client_secret));
        self.string("upstream", &credential.upstream);
        self.string("path", &credential.path);
    }
}

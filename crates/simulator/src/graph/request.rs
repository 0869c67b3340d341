//! A Graph request, taken apart: version, path segments in one spelling, query, body.

use std::fmt::Write as _;

use serde_json::Value;

use crate::permission::Roles;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    Beta,
}

impl Version {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "v1.0" => Some(Self::V1),
            "beta" => Some(Self::Beta),
            _ => None,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) version: Version,
    /// Without version, casts and actions without their namespace, keys as segments.
    pub(crate) segments: Vec<String>,
    /// Scheme and host the client used; next links lead there.
    pub(crate) base: String,
    pub(crate) body: Option<Value>,
    /// What the token of the client carries; none until somebody says so.
    pub(crate) roles: Roles,
    path: String,
    query: Vec<(String, String)>,
}

impl Request {
    /// Reads a target such as `/beta/groups?$top=3`.
    pub(crate) fn parse(
        method: &str,
        target: &str,
        body: Option<Value>,
        base: &str,
    ) -> Option<Self> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (version, path) = path.trim_start_matches('/').split_once('/')?;
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = unescape(&value.replace('+', " "));
            (unescape(name).trim_start_matches('$').to_ascii_lowercase(), value)
        });
        Some(Self {
            method: method.to_ascii_uppercase(),
            version: Version::parse(version)?,
            segments: segments(path),
            base: base.to_owned(),
            body,
            roles: Roles::NONE,
            path: path.to_owned(),
            query: query.collect(),
        })
    }

    /// The same, from a client that may do this much.
    pub(crate) fn with_roles(self, roles: Roles) -> Self {
        Self { roles, ..self }
    }

    /// The value of an OData option, named without its dollar sign.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn selected(&self) -> Option<Vec<&str>> {
        let names = self.option("select")?.split(',').map(str::trim);
        Some(names.filter(|name| !name.is_empty()).collect())
    }

    /// Whether a navigation property comes along.
    pub(crate) fn expands(&self, name: &str) -> bool {
        self.option("expand").is_some_and(|what| {
            what.split(',').any(|one| one.split('(').next().map(str::trim) == Some(name))
        })
    }

    pub(crate) fn is_batch(&self) -> bool {
        self.segments.first().is_some_and(|first| first == "$batch")
    }

    pub(crate) fn body(&self) -> &Value {
        self.body.as_ref().unwrap_or(&Value::Null)
    }

    /// The path in the spelling of the published metadata.
    pub(crate) fn shown_path(&self) -> String {
        let mut path = String::new();
        let mut last = "";
        for segment in &self.segments {
            path.push('/');
            let cast = segment == "device" && last.ends_with("embers");
            path.push_str(if cast { "graph." } else { "" });
            path.push_str(segment.split_once('(').map_or(segment.as_str(), |(name, _)| name));
            last = segment;
        }
        path
    }

    pub(crate) fn context(&self, of: &str) -> String {
        format!("{}/{}/$metadata#{of}", self.base, self.version.name())
    }

    /// Where the next page of this list is.
    pub(crate) fn next_link(&self, token: u32) -> String {
        self.link("skiptoken", &format!("{token:08x}"))
    }

    /// This request with another token.
    pub(crate) fn link(&self, kind: &str, token: &str) -> String {
        let mut link = self.without_token();
        let _ = write!(link, "${kind}={token}");
        link
    }

    /// This request up to where a token goes.
    pub(crate) fn without_token(&self) -> String {
        let mut link = format!("{}/{}/{}?", self.base, self.version.name(), self.path);
        let kept = |name: &str| name != "skiptoken" && name != "deltatoken";
        for (name, value) in self.query.iter().filter(|(name, _)| kept(name)) {
            let _ = write!(link, "${name}={}&", escape(value));
        }
        link
    }

    /// The first item of the page that is asked for; `None` when the token is none of ours.
    pub(crate) fn skip_token(&self) -> Option<u32> {
        match self.option("skiptoken") {
            None => Some(0),
            Some(token) => u32::from_str_radix(token, 16).ok(),
        }
    }
}

fn segments(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let segment = unescape(segment);
        let plain = ["microsoft.graph.windowsUpdates.", "microsoft.graph.", "graph."]
            .iter()
            .find_map(|prefix| segment.strip_prefix(prefix))
            .unwrap_or(&segment);
        match plain.strip_suffix(')').and_then(|plain| plain.split_once('(')) {
            None => segments.push(plain.to_owned()),
            Some((name, "")) => segments.push(name.to_owned()),
            Some((name, key)) => {
                let (property, value) = key.split_once('=').unwrap_or(("", key));
                segments.push(match property {
                    "" | "id" => name.to_owned(),
                    property => format!("{name}({property})"),
                });
                segments.push(value.trim_matches('\'').to_owned());
            }
        }
    }
    segments
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~,'()/:$".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

//! A person at the office's pages: signs in, reads, fills in forms, as a browser without JavaScript does.

use std::collections::BTreeMap;

use ureq::Agent;

/// A signed-in browser.
pub struct Desk {
    agent: Agent,
    url: String,
    cookies: BTreeMap<String, String>,
}

/// A page as it came.
#[derive(Debug, Clone)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Path after redirects.
    pub path: String,
    /// Body as text.
    pub text: String,
    /// Body as bytes.
    pub bytes: Vec<u8>,
}

/// One HTML form with the fields it would send.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// Hidden fields with their values.
    pub hidden: Vec<(String, String)>,
    /// The form's HTML, to search in.
    pub html: String,
}

impl Desk {
    /// Signs in; the error is what the page said.
    pub fn sign_in(url: &str, login: &str, password: &str) -> Result<Desk, String> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(std::time::Duration::from_secs(60)))
            .build();
        let mut desk = Desk {
            agent: config.into(),
            url: url.to_string(),
            cookies: BTreeMap::new(),
        };
        let page = desk.get("/sign-in")?;
        let form = page.form("/sign-in").ok_or("the sign-in page has no form")?;
        let page = desk.submit(&form, &[("login", login), ("password", password)])?;
        if page.status == 200 && !page.path.starts_with("/sign-in") {
            Ok(desk)
        } else {
            Err(format!(
                "sign-in as {login} was refused with {}: {}",
                page.status,
                page.plain()
            ))
        }
    }

    /// Opens a page, following redirects.
    pub fn get(&mut self, path: &str) -> Result<Page, String> {
        let request = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("Cookie", self.cookie());
        let response = request.call().map_err(|error| format!("GET {path}: {error}"))?;
        self.finish(path, response)
    }

    /// Sends a form of a page with these fields filled in.
    pub fn submit(&mut self, form: &Form, fields: &[(&str, &str)]) -> Result<Page, String> {
        let mut all: Vec<(String, String)> = form.hidden.clone();
        all.extend(
            fields
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string())),
        );
        let response = self
            .agent
            .post(format!("{}{}", self.url, form.action))
            .header("Cookie", self.cookie())
            .header("Origin", &self.url)
            .header("Sec-Fetch-Site", "same-origin")
            .send_form(all)
            .map_err(|error| format!("POST {}: {error}", form.action))?;
        self.finish(&form.action, response)
    }

    /// Sends a form with files, as multipart/form-data.
    pub fn upload(&mut self, form: &Form, files: &[(&str, &str, &[u8])]) -> Result<Page, String> {
        let boundary = "sampan-acceptance-boundary-7f3a";
        let mut body = Vec::new();
        for (name, value) in &form.hidden {
            body.extend_from_slice(
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .as_bytes(),
            );
        }
        for (name, file_name, bytes) in files {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let response = self
            .agent
            .post(format!("{}{}", self.url, form.action))
            .header("Cookie", self.cookie())
            .header("Origin", &self.url)
            .header("Sec-Fetch-Site", "same-origin")
            .header(
                "Content-Type",
                format!("multipart/form-data; boundary={boundary}"),
            )
            .send(&body[..])
            .map_err(|error| format!("POST {}: {error}", form.action))?;
        self.finish(&form.action, response)
    }

    /// The cookies as one header.
    pub fn cookie(&self) -> String {
        self.cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn finish(&mut self, path: &str, response: ureq::http::Response<ureq::Body>) -> Result<Page, String> {
        for value in response.headers().get_all("set-cookie") {
            let text = value.to_str().unwrap_or("");
            if let Some((name, rest)) = text.split_once('=') {
                let value = rest.split(';').next().unwrap_or("").to_string();
                self.cookies.insert(name.trim().to_string(), value);
            }
        }
        let status = response.status().as_u16();
        if (300..400).contains(&status) {
            let to = response
                .headers()
                .get("location")
                .and_then(|to| to.to_str().ok())
                .unwrap_or("/")
                .to_string();
            let to = to.strip_prefix(&self.url).unwrap_or(&to).to_string();
            return self.get(&to);
        }
        let bytes = response
            .into_body()
            .with_config()
            .limit(64 * 1024 * 1024)
            .read_to_vec()
            .map_err(|error| format!("{path}: {error}"))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Page {
            status,
            path: path.to_string(),
            text,
            bytes,
        })
    }
}

impl Page {
    /// The first form whose action begins with `action`.
    pub fn form(&self, action: &str) -> Option<Form> {
        self.forms()
            .into_iter()
            .find(|form| form.action.starts_with(action))
    }

    /// All forms of the page.
    pub fn forms(&self) -> Vec<Form> {
        let mut forms = Vec::new();
        for part in self.text.split("<form").skip(1) {
            let html = part.split("</form>").next().unwrap_or("");
            let head = html.split('>').next().unwrap_or("");
            let mut form = Form {
                action: attribute(head, "action").unwrap_or_default(),
                ..Form::default()
            };
            if form.action.is_empty() {
                form.action = self.path.clone();
            }
            for input in html.split("<input").skip(1) {
                let tag = input.split('>').next().unwrap_or("");
                if attribute(tag, "type").as_deref() == Some("hidden") {
                    let name = attribute(tag, "name").unwrap_or_default();
                    form.hidden
                        .push((name, attribute(tag, "value").unwrap_or_default()));
                }
            }
            form.html = html.to_string();
            forms.push(form);
        }
        forms
    }

    /// The targets of all links that begin with `prefix`, each once, in order.
    pub fn links(&self, prefix: &str) -> Vec<String> {
        let mut links: Vec<String> = Vec::new();
        for part in self.text.split("href=\"").skip(1) {
            let link = unescape(part.split('"').next().unwrap_or(""));
            if link.starts_with(prefix) && !links.contains(&link) {
                links.push(link);
            }
        }
        links
    }

    /// The page's text without its tags, for messages.
    pub fn plain(&self) -> String {
        let mut plain = String::new();
        let mut is_tag = false;
        for character in self.text.chars() {
            match character {
                '<' => is_tag = true,
                '>' => is_tag = false,
                _ if !is_tag => plain.push(character),
                _ => {}
            }
        }
        unescape(&plain.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.find(&format!("{name}=\""))? + name.len() + 2;
    Some(unescape(tag[at..].split('"').next()?))
}

/// Text of HTML without its escapes.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}

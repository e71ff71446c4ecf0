//! Chromium through ChromeDriver: the W3C WebDriver protocol, as far as pictures and forms need it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::Agent;

/// ChromeDriver's process on a port of its own.
pub struct Driver {
    process: Child,
    url: String,
    agent: Agent,
}

/// One window of a given width.
pub struct Window<'driver> {
    driver: &'driver Driver,
    session: String,
}

impl Driver {
    /// Starts ChromeDriver on a free port of the loopback address.
    pub fn start() -> Result<Driver, String> {
        let mut process = Command::new("chromedriver")
            .args(["--port=0", "--allowed-ips=127.0.0.1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                format!("cannot start chromedriver ({error}); run: cargo xtask setup --browser")
            })?;
        let stdout = process.stdout.take().ok_or("chromedriver has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| port_in(&line))
            .ok_or("chromedriver stopped before it said where it listens")?;
        std::thread::spawn(move || lines.for_each(drop));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Ok(Driver {
            process,
            url: format!("http://127.0.0.1:{port}"),
            agent: config.into(),
        })
    }

    /// Opens a window whose pages are laid out `width` CSS pixels wide, as a phone does below 600.
    pub fn window(&self, width: u32, height: u32) -> Result<Window<'_>, String> {
        let is_phone = width < 600;
        let mut options = json!({
            "binary": "/usr/bin/chromium",
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--hide-scrollbars", "--force-color-profile=srgb",
                format!("--window-size={width},{height}"),
            ],
        });
        if is_phone {
            options["mobileEmulation"] = json!({
                "deviceMetrics": { "width": width, "height": height, "pixelRatio": 2.0, "touch": true },
                "userAgent": "Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36",
            });
        }
        let body = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
        } } });
        let answer = self.call("POST", "/session", &body)?;
        let session = answer["sessionId"]
            .as_str()
            .ok_or_else(|| format!("no session: {answer}"))?
            .to_string();
        Ok(Window {
            driver: self,
            session,
        })
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let url = format!("{}{path}", self.url);
        let response = match method {
            "GET" => self.agent.get(&url).call(),
            "DELETE" => self.agent.delete(&url).call(),
            _ => self
                .agent
                .post(&url)
                .header("Content-Type", "application/json")
                .send(body.to_string().as_bytes()),
        };
        let text = response
            .map_err(|error| format!("{method} {path}: {error}"))?
            .into_body()
            .with_config()
            .limit(256 * 1024 * 1024)
            .read_to_string()
            .map_err(|error| format!("{method} {path}: {error}"))?;
        let mut answer: Value =
            serde_json::from_str(&text).map_err(|error| format!("{method} {path}: {error}"))?;
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{method} {path}: {error}: {}", value["message"])),
            None => Ok(value),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Window<'_> {
    /// Opens an address and waits until it is loaded.
    pub fn open(&self, url: &str) -> Result<(), String> {
        self.post("/url", &json!({ "url": url })).map(drop)
    }

    /// Runs JavaScript in the page and gives what it returns.
    pub fn script(&self, source: &str) -> Result<Value, String> {
        self.post("/execute/sync", &json!({ "script": source, "args": [] }))
    }

    /// Types into the first element that a CSS selector finds.
    pub fn fill(&self, selector: &str, text: &str) -> Result<(), String> {
        let element = self.element(selector)?;
        self.post(&format!("/element/{element}/value"), &json!({ "text": text }))
            .map(drop)
    }

    /// Clicks the first element that a CSS selector finds.
    pub fn click(&self, selector: &str) -> Result<(), String> {
        let element = self.element(selector)?;
        self.post(&format!("/element/{element}/click"), &json!({}))
            .map(drop)
    }

    /// Waits until a JavaScript condition holds in a page that is loaded, for at most ten seconds.
    pub fn wait_until(&self, condition: &str) -> Result<(), String> {
        let begun = std::time::Instant::now();
        let source = format!("return document.readyState === 'complete' && ({condition});");
        while begun.elapsed() < Duration::from_secs(10) {
            // A page that is just being replaced answers with an error; the next look tells.
            if self.script(&source).is_ok_and(|holds| holds == Value::Bool(true)) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!("after ten seconds still not: {condition}"))
    }

    /// A picture of what is seen at once, and beside it (`…-whole.png`) one of the page up to 4,000 CSS pixels, if it
    /// is longer than the window.
    pub fn picture(&self, file: &Path) -> Result<(), String> {
        self.shoot(file)?;
        let size = self.script(
            "return [window.innerWidth, window.innerHeight, document.documentElement.scrollHeight, window.devicePixelRatio];",
        )?;
        let (width, height, whole) = (&size[0], size[1].as_u64(), size[2].as_u64());
        let whole = whole.unwrap_or(0).min(4_000);
        if whole <= height.unwrap_or(0) {
            return Ok(());
        }
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": whole, "deviceScaleFactor": size[3], "mobile": false }),
        )?;
        self.shoot(&file.with_extension("whole.png"))?;
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": size[1], "deviceScaleFactor": size[3], "mobile": false }),
        )
        .map(drop)
    }

    fn shoot(&self, file: &Path) -> Result<(), String> {
        let path = format!("/session/{}/screenshot", self.session);
        let answer = self.driver.call("GET", &path, &Value::Null)?;
        let data = answer.as_str().ok_or("the browser gave no picture")?;
        let bytes = STANDARD
            .decode(data)
            .map_err(|error| format!("the picture is not base64: {error}"))?;
        std::fs::write(file, bytes).map_err(|error| format!("{}: {error}", file.display()))
    }

    fn cdp(&self, command: &str, parameters: &Value) -> Result<Value, String> {
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    fn element(&self, selector: &str) -> Result<String, String> {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }))?;
        found
            .as_object()
            .and_then(|object| object.values().next())
            .and_then(Value::as_str)
            .map(str::to_string)
            .ok_or_else(|| format!("nothing on the page is {selector}"))
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.driver
            .call("POST", &format!("/session/{}{path}", self.session), body)
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        let path = format!("/session/{}", self.session);
        let _ = self.driver.call("DELETE", &path, &Value::Null);
    }
}

/// The port in ChromeDriver's line "started successfully on port N."
fn port_in(line: &str) -> Option<u16> {
    let rest = line.split("on port ").nth(1)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|port| *port != 0)
}

//! A loopback HTTP/1.1 server that answers as a test scripts it, also in the ways that a server should not.
//!
//! Promises: it listens on a free port of 127.0.0.1, keeps connections alive, records every request before it
//! answers, and ends all its threads when it is dropped, whatever its clients do. `CONNECT` opens a tunnel to the
//! server itself, so it can stand for a proxy as well.
//!
//! A path has a script of replies, of which the last repeats; what no script knows goes to the handler, and without
//! one is answered with 404:
//!
//! ```ignore
//! let server = Server::start();
//! server.on("/v8/chart/AAPL", [Reply::throttled("2"), Reply::json(RECORDED)]);
//! server.handle(|request| match request.query("interval") { … });
//! client.get(&server.url("/v8/chart/AAPL?interval=1d"));
//! assert_eq!(server.requests().len(), 2);
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

/// How often a thread looks whether the server is to end.
const TICK: Duration = Duration::from_millis(10);
const LONGEST_HEAD: usize = 64 * 1024;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// As in `GET`.
    pub(crate) method: String,
    /// The target without the query, as it was sent: percent-encoded, and absolute if a proxy was asked.
    pub(crate) path: String,
    /// The parameters of the query, decoded, in order.
    pub(crate) parameters: Vec<(String, String)>,
    /// The headers, in order; names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// When it arrived, since the server was started.
    pub(crate) at: Duration,
    /// Which connection it came over, from 0.
    pub(crate) connection: usize,
}

impl Request {
    /// The value of a parameter of the query, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        value(&self.parameters, name)
    }

    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        value(&self.headers, name)
    }
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

/// How the bytes of a reply go out.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Whole,
    /// Nothing is ever sent, not even a status.
    Stall,
    /// The head promises the whole body; the connection closes after so many bytes of it.
    Truncate(usize),
    /// The body goes out byte by byte with a pause before each.
    Drip(Duration),
    /// The connection is reset before anything is sent.
    Reset,
}

/// One scripted answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    manner: Manner,
}

impl Reply {
    /// A status with a body, and no header but its length.
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            manner: Manner::Whole,
        }
    }

    /// A 200 with JSON.
    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body).header("Content-Type", "application/json;charset=utf-8")
    }

    /// A 200 with a page for people.
    pub(crate) fn html(body: &str) -> Self {
        Self::new(200, body).header("Content-Type", "text/html; charset=utf-8")
    }

    /// A 429 with a `Retry-After`: seconds or a date.
    pub(crate) fn throttled(retry_after: &str) -> Self {
        Self::new(429, "Too Many Requests").header("Retry-After", retry_after)
    }

    /// A 302 to another place.
    pub(crate) fn redirect(to: &str) -> Self {
        Self::new(302, "").header("Location", to)
    }

    /// A small body that becomes `len` zero bytes when it is decompressed.
    pub(crate) fn gzip_bomb(len: usize) -> Self {
        Self::new(200, vec![0; len]).gzipped()
    }

    /// Never answers.
    pub(crate) fn stall() -> Self {
        Self::new(200, "").manner(Manner::Stall)
    }

    /// Resets the connection instead of answering.
    pub(crate) fn reset() -> Self {
        Self::new(200, "").manner(Manner::Reset)
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Compresses the body.
    pub(crate) fn gzipped(mut self) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.body).unwrap();
        self.body = encoder.finish().unwrap();
        self.header("Content-Encoding", "gzip")
    }

    /// Promises the whole body and closes after `sent` bytes of it.
    pub(crate) fn truncated(self, sent: usize) -> Self {
        self.manner(Manner::Truncate(sent))
    }

    /// Sends the body byte by byte with a pause before each.
    pub(crate) fn dripping(self, pause: Duration) -> Self {
        self.manner(Manner::Drip(pause))
    }

    fn manner(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    fn head(&self) -> String {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: Vec<String> = headers.collect();
        format!(
            "HTTP/1.1 {} Scripted\r\nContent-Length: {}\r\n{}\r\n",
            self.status,
            self.body.len(),
            headers.concat()
        )
    }
}

type Handler = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

struct Shared {
    began: Instant,
    is_over: AtomicBool,
    scripts: Mutex<BTreeMap<String, VecDeque<Reply>>>,
    handler: Mutex<Option<Handler>>,
    requests: Mutex<Vec<Request>>,
}

impl Shared {
    fn reply(&self, request: &Request) -> Reply {
        if let Some(script) = self.scripts.lock().unwrap().get_mut(&request.path) {
            let is_last = script.len() == 1;
            let reply = script.front().cloned().unwrap();
            if !is_last {
                script.pop_front();
            }
            return reply;
        }
        // Not under the lock: a handler may wait for another request.
        let handler = self.handler.lock().unwrap().clone();
        match handler {
            Some(handler) => handler(request),
            None => Reply::new(404, "no such route"),
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }
}

/// The server.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}

impl Server {
    /// Listens on a free port of 127.0.0.1.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            began: Instant::now(),
            is_over: AtomicBool::new(false),
            scripts: Mutex::default(),
            handler: Mutex::default(),
            requests: Mutex::default(),
        });
        let acceptor = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self {
            address,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// The address of a path, which begins with `/` and may have a query.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Scripts the replies of a path, without its query. The last one repeats.
    pub(crate) fn on(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let script: VecDeque<Reply> = replies.into_iter().collect();
        assert!(!script.is_empty(), "{path} has no reply");
        let mut scripts = self.shared.scripts.lock().unwrap();
        scripts.insert(path.to_owned(), script);
    }

    /// Answers every path that has no script of its own.
    pub(crate) fn handle(&self, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        *self.shared.handler.lock().unwrap() = Some(Arc::new(handler));
    }

    /// The requests that have arrived, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _woken: io::Result<TcpStream> =
            TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        if let Some(acceptor) = self.acceptor.take() {
            acceptor.join().unwrap();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for (connection, stream) in listener.incoming().enumerate() {
        if shared.is_over() {
            break;
        }
        let (Ok(stream), shared) = (stream, Arc::clone(shared)) else {
            continue;
        };
        threads.push(std::thread::spawn(move || {
            // A client that goes away in the middle is what many tests are about.
            let _ended: io::Result<()> = serve(stream, connection, &shared);
        }));
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

fn serve(mut stream: TcpStream, connection: usize, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(TICK))?;
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    stream.set_nodelay(true)?;
    while let Some(head) = peek_head(&stream, shared)? {
        let request = parse(&head, connection, shared.began.elapsed());
        shared.requests.lock().unwrap().push(request.clone());
        if request.method == "CONNECT" {
            stream.read_exact(&mut vec![0; head.len()])?;
            stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
            continue;
        }
        let reply = shared.reply(&request);
        if matches!(reply.manner, Manner::Reset) {
            // Closing with unread bytes is what makes the system send a reset.
            return Ok(());
        }
        stream.read_exact(&mut vec![0; head.len()])?;
        if !send(&mut stream, &reply, shared)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Waits for a whole head and leaves it in the socket; `None` when the client or the server is done.
fn peek_head(stream: &TcpStream, shared: &Shared) -> io::Result<Option<String>> {
    let mut buffer = vec![0; LONGEST_HEAD];
    while !shared.is_over() {
        match stream.peek(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(seen) => {
                let text = String::from_utf8_lossy(&buffer[..seen]);
                if let Some(end) = text.find("\r\n\r\n") {
                    return Ok(Some(text[..end + 4].to_owned()));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(error) if is_timeout(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// Sends a reply as scripted; `false` when the connection is to be closed.
fn send(stream: &mut TcpStream, reply: &Reply, shared: &Shared) -> io::Result<bool> {
    match reply.manner {
        Manner::Stall => {
            while !shared.is_over() && !has_hung_up(stream) {
                std::thread::sleep(TICK);
            }
            return Ok(false);
        }
        Manner::Reset => return Ok(false),
        Manner::Whole => {
            let mut bytes = reply.head().into_bytes();
            bytes.extend_from_slice(&reply.body);
            stream.write_all(&bytes)?;
        }
        Manner::Truncate(sent) => {
            stream.write_all(reply.head().as_bytes())?;
            stream.write_all(&reply.body[..sent])?;
            return Ok(false);
        }
        Manner::Drip(pause) => {
            stream.write_all(reply.head().as_bytes())?;
            for byte in &reply.body {
                std::thread::sleep(pause);
                if shared.is_over() {
                    return Ok(false);
                }
                stream.write_all(&[*byte])?;
            }
        }
    }
    Ok(true)
}

fn has_hung_up(stream: &TcpStream) -> bool {
    match stream.peek(&mut [0]) {
        Ok(seen) => seen == 0,
        Err(error) => !is_timeout(&error),
    }
}

fn parse(head: &str, connection: usize, at: Duration) -> Request {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let parameters = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    });
    let headers = lines.filter_map(|line| line.split_once(':'));
    Request {
        method,
        path: path.to_owned(),
        parameters: parameters.collect(),
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        at,
        connection,
    }
}

/// Undoes percent-encoding.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
        if let (b'%', Some(byte)) = (*first, byte) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

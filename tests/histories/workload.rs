//! Random requests of several clients.

use fastrand::Rng;

use crate::history::{Link, LinkChanges, ReleaseChanges, Request, TAGS};

/// The names that several links want.
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
/// The numbers of links that new releases have.
const SIZES: [usize; 8] = [0, 0, 3, 3, 3, 30, 30, 60];

/// Draws requests.
#[derive(Debug)]
pub struct Workload {
    random: Rng,
    /// The number of tags.
    tags: usize,
    /// Whether some releases are locked. They refuse most writes, so other histories have none.
    locks: bool,
    /// The number of requests so far, which makes values unique.
    drawn: usize,
    /// The links that answers have shown: tag and ID.
    pub links: Vec<(usize, u64)>,
    /// The requests with keys.
    keyed: Vec<Request>,
}

impl Workload {
    pub fn new(mut random: Rng) -> Self {
        Self {
            tags: random.usize(1..=TAGS.len()),
            locks: random.bool(),
            random,
            drawn: 0,
            links: Vec::new(),
            keyed: Vec::new(),
        }
    }

    /// Draws the next request of a client.
    pub fn draw(&mut self) -> Request {
        self.drawn += 1;
        let tag = self.random.usize(..self.tags);
        match self.random.u32(..100) {
            0..14 => self.keyed(tag, Self::create_release),
            14..24 => Request::DeleteRelease(tag),
            24..32 => self.update_release(tag),
            32..53 => self.keyed(tag, Self::create_link),
            53..62 => self.of_link(Self::update_link),
            62..68 => self.of_link(|_, tag, id| Request::DeleteLink(tag, id)),
            68..78 => Request::GetRelease(tag),
            78..84 => self.of_link(|_, tag, id| Request::GetLink(tag, id)),
            84..91 => {
                let per_page = if self.random.bool() { 20 } else { 7 };
                let page = 1;
                Request::ListLinks {
                    tag,
                    page,
                    per_page,
                }
            }
            91..94 => Request::ListReleases,
            94..96 => Request::Latest,
            _ => {
                let filepath = format!("/bin/{}", self.name());
                Request::Download { tag, filepath }
            }
        }
    }

    /// A new request, some with a key, or an earlier one with its key again.
    fn keyed(&mut self, tag: usize, create: impl Fn(&mut Self, usize) -> Request) -> Request {
        if !self.keyed.is_empty() && self.random.u8(..4) == 0 {
            return self.keyed[self.random.usize(..self.keyed.len())].clone();
        }
        let mut request = create(self, tag);
        if self.random.u8(..3) == 0 {
            let text = format!("key-{}", self.drawn);
            if let Request::CreateRelease { key, .. } | Request::CreateLink { key, .. } =
                &mut request
            {
                *key = Some(text);
            }
            self.keyed.push(request.clone());
        }
        request
    }

    fn create_release(&mut self, tag: usize) -> Request {
        let size = SIZES[self.random.usize(..SIZES.len())];
        let (drawn, shared) = (self.drawn, self.random.usize(..=2));
        let links = (0..size).map(|n| Link {
            name: if n < shared {
                NAMES[n].to_owned()
            } else {
                format!("{drawn}-{n}")
            },
            url: format!("https://e.com/{drawn}/{n}"),
            filepath: (n % 3 == 0).then(|| {
                let name = NAMES.get(n).filter(|_| n < shared);
                name.map_or_else(
                    || format!("/bin/{drawn}-{n}"),
                    |name| format!("/bin/{name}"),
                )
            }),
        });
        Request::CreateRelease {
            tag,
            name: format!("release {drawn}"),
            links: links.collect(),
            locks: self.locks(),
            key: None,
        }
    }

    /// Whether a request locks its release.
    fn locks(&mut self) -> bool {
        self.locks && self.random.bool()
    }

    fn create_link(&mut self, tag: usize) -> Request {
        let link = Link {
            name: self.name(),
            url: format!("https://e.com/{}/0", self.drawn),
            filepath: self.random.bool().then(|| format!("/bin/{}", self.name())),
        };
        Request::CreateLink {
            tag,
            link,
            key: None,
        }
    }

    fn update_release(&mut self, tag: usize) -> Request {
        let day = self.random.u8(1..=28);
        let moved = self.random.bool();
        let changes = ReleaseChanges {
            name: Some(format!("renamed {}", self.drawn)),
            released_at: moved.then(|| format!("2027-02-{day:0>2}T00:00:00.000Z")),
            locks: self.locks(),
        };
        Request::UpdateRelease { tag, changes }
    }

    fn update_link(&mut self, tag: usize, id: u64) -> Request {
        let mut changes = LinkChanges::default();
        if self.random.bool() {
            changes.name = Some(self.name());
        } else {
            changes.url = Some(format!("https://e.com/put/{}", self.drawn));
        }
        if self.random.bool() {
            changes.filepath = Some(format!("/bin/{}", self.name()));
        }
        Request::UpdateLink { tag, id, changes }
    }

    /// A request for a link that was seen, mostly for one of the newest.
    fn of_link(&mut self, request: impl Fn(&mut Self, usize, u64) -> Request) -> Request {
        let count = self.links.len();
        if count == 0 {
            let tag = self.random.usize(..self.tags);
            return self.keyed(tag, Self::create_link);
        }
        let oldest = if self.random.u8(..4) == 0 {
            0
        } else {
            count.saturating_sub(6)
        };
        let (tag, id) = self.links[self.random.usize(oldest..count)];
        request(self, tag, id)
    }

    fn name(&mut self) -> String {
        NAMES[self.random.usize(..NAMES.len())].to_owned()
    }
}

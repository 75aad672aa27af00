//! Changes as editors and other programs make them, each of which is one change to the watcher.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use firewhirl_event::{IoLoop, Result};
use firewhirl_process::development::{WatchSet, Watcher};
use tokio::time::timeout;

/// A busy machine may take long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder, deleted in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("firewhirl-watcher-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a folder is like before, what is done, and the names that have changed by it.
type Case = (&'static str, fn(&Path), fn(&Path), &'static [&'static str]);

/// In each folder `watched/` is watched as a whole, of `src/` the sources, and `single.toml`.
#[rustfmt::skip]
const CASES: &[Case] = &[
    ("written into",            |f| write(f, "single.toml", "a"),      |f| write(f, "single.toml", "b"),                  &["single.toml"]),
    ("of the same length",      |f| write(f, "watched/a", "1"),        |f| write(f, "watched/a", "2"),                    &["watched/a"]),
    ("a new file",              nothing,                               |f| write(f, "watched/new.html", "a"),             &["watched/new.html"]),
    ("a single file that was not there", nothing,                      |f| write(f, "single.toml", "a"),                  &["single.toml"]),
    ("moved over",              |f| write(f, "watched/a", "a"),        |f| { write(f, "watched/.a.tmp", "b"); rename(f, "watched/.a.tmp", "watched/a") }, &["watched/a"]),
    ("a single file moved over", |f| write(f, "single.toml", "a"),     |f| { write(f, "elsewhere", "b"); rename(f, "elsewhere", "single.toml") }, &["single.toml"]),
    ("a backup, then a new one", |f| write(f, "watched/a", "a"),       |f| { rename(f, "watched/a", "watched/a~"); write(f, "watched/a", "b") }, &["watched/a"]),
    ("deleted and made anew",   |f| write(f, "watched/a", "a"),        |f| { remove(f, "watched/a"); write(f, "watched/a", "b") }, &["watched/a"]),
    ("deleted",                 |f| write(f, "watched/a", "a"),        |f| remove(f, "watched/a"),                        &["watched/a"]),
    ("renamed",                 |f| write(f, "watched/a", "a"),        |f| rename(f, "watched/a", "watched/b"),           &["watched/a", "watched/b"]),
    ("in a new folder",         nothing,                               |f| write(f, "watched/deep/er/a", "a"),            &["watched/deep/er/a"]),
    ("a folder moved in",       |f| write(f, "out/a", "a"),            |f| rename(f, "out", "watched/in"),                &["watched/in/a"]),
    ("a folder made anew",      |f| write(f, "watched/d/a", "a"),      |f| { fs::remove_dir_all(f.join("watched")).unwrap(); write(f, "watched/d/a", "bc") }, &["watched/d/a"]),
    ("what a link leads to",    |f| { write(f, "out/a", "a"); link(f, "out/a", "watched/l") }, |f| write(f, "out/a", "bc"), &["watched/l"]),
    ("a link to elsewhere",     |f| { write(f, "out/a", "a"); write(f, "out/b", "bc"); link(f, "out/a", "watched/l") }, |f| { remove(f, "watched/l"); link(f, "out/b", "watched/l") }, &["watched/l"]),
    ("below a linked folder",   |f| { write(f, "out/a", "a"); link(f, "out", "watched/l") }, |f| write(f, "out/a", "bc"), &["watched/l/a"]),
    ("several at once",         |f| write(f, "watched/a", "a"),        |f| { write(f, "watched/a", "bc"); write(f, "watched/b", "b"); write(f, "src/c.rs", "c") }, &["src/c.rs", "watched/a", "watched/b"]),
    ("only the time",           |f| write(f, "watched/a", "a"),        |f| fs::File::open(f.join("watched/a")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap(), &["watched/a"]),
    ("what does not count",     |f| { write(f, "out/a", "a"); write(f, "target/CACHEDIR.TAG", "") }, |f| {
        for name in ["watched/.a.swp", "watched/a~", "watched/#a#", "src/notes.txt", "out/a", "other.toml"] {
            write(f, name, "changed");
        }
        write(f, "watched/z", "the only one");
    }, &["watched/z"]),
];

fn nothing(_: &Path) {}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn rename(folder: &Path, from: &str, to: &str) {
    fs::rename(folder.join(from), folder.join(to)).unwrap();
}

fn remove(folder: &Path, name: &str) {
    fs::remove_file(folder.join(name)).unwrap();
}

fn link(folder: &Path, to: &str, name: &str) {
    symlink(folder.join(to), folder.join(name)).unwrap();
}

fn set(folder: &Path) -> WatchSet {
    WatchSet::default().folder(folder.join("watched")).sources(folder.join("src")).file(folder.join("single.toml"))
}

/// Runs every case. What is done may fall into two looks, so the changes are gathered until they are all there.
async fn check(name: &str, watch: impl AsyncFn(WatchSet) -> Watcher) -> Result {
    for (number, (shows, before, change, expected)) in CASES.iter().enumerate() {
        let folder = Folder::new(&format!("{name}-{number}"));
        for inner in ["watched", "src"] {
            fs::create_dir_all(folder.0.join(inner))?;
        }
        before(&folder.0);
        let mut watcher = watch(set(&folder.0)).await;
        change(&folder.0);
        let expected: Vec<PathBuf> = expected.iter().map(|name| folder.0.join(name)).collect();
        let mut changed = Vec::new();
        let gathered = timeout(PATIENCE, async {
            while changed != expected {
                changed.extend(watcher.changed().await);
                changed.sort();
                changed.dedup();
            }
        });
        assert!(gathered.await.is_ok(), "{shows}: {changed:?} in place of {expected:?}");
        assert_eq!(watcher.changed_by_now().await, Vec::<PathBuf>::new(), "{shows}: once is enough");
    }
    Ok(())
}

#[test]
fn every_way_to_change_a_file_is_noticed() {
    IoLoop::current().run_sync(check("notices", Watcher::new)).unwrap();
}

#[test]
fn every_way_to_change_a_file_is_noticed_without_the_system_s_notices() {
    IoLoop::current().run_sync(check("polling", Watcher::polling)).unwrap();
}

#[test]
fn a_burst_is_one_change() {
    let folder = Folder::new("burst");
    let changes = IoLoop::current().run_sync(async {
        let mut watcher = Watcher::new(WatchSet::default().folder(&folder.0)).await;
        for number in 0..500 {
            write(&folder.0, &format!("{}/{number}", number % 10), "a");
        }
        let mut changes = 0;
        let mut files = 0;
        while files < 500 {
            files += watcher.changed().await.len();
            changes += 1;
        }
        Ok(changes)
    });
    // The folders are new to the watcher, so a few looks may be needed on a machine that writes slowly.
    assert!((1..50).contains(&changes.unwrap()), "one look for each file is none for a burst");
}

#[test]
fn another_set_forgets_nothing_that_has_changed_meanwhile() {
    let folder = Folder::new("sets");
    let (old, new) = (folder.0.join("old"), folder.0.join("new"));
    write(&folder.0, "old", "a");
    let changed = IoLoop::current().run_sync(async {
        let mut watcher = Watcher::new(WatchSet::default().file(&old)).await;
        write(&folder.0, "old", "changed");
        write(&folder.0, "new", "changed before anybody read it");
        tokio::time::sleep(Duration::from_millis(20)).await;
        watcher.watch(WatchSet::default().file(&old).file(&new), SystemTime::now()).await;
        Ok(watcher.changed().await)
    });
    assert_eq!(changed.unwrap(), [old]);
}

#[test]
fn what_has_changed_since_it_was_read_counts_as_changed_once() {
    let folder = Folder::new("since");
    let edited = folder.0.join("edited");
    write(&folder.0, "untouched", "a");
    write(&folder.0, "edited", "a");
    std::thread::sleep(Duration::from_millis(20));
    let read = SystemTime::now();
    write(&folder.0, "edited", "b");
    // An editor may give the file the time that it had.
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(&edited).unwrap().set_modified(long_ago).unwrap();
    let changed = IoLoop::current().run_sync(async {
        let mut watcher = Watcher::new(WatchSet::default()).await;
        watcher.watch(WatchSet::default().folder(&folder.0), read).await;
        let changed = watcher.changed().await;
        Ok((changed, watcher.changed_by_now().await))
    });
    assert_eq!(changed.unwrap(), (vec![edited], vec![]));
}

#[test]
fn waiting_may_be_given_up() {
    let folder = Folder::new("cancelled");
    let path = folder.0.join("a");
    let changed = IoLoop::current().run_sync(async {
        let mut watcher = Watcher::new(WatchSet::default().folder(&folder.0)).await;
        write(&folder.0, "a", "a");
        // Amid the quiet that is waited for, or, on a slow machine, after all of it.
        match timeout(Duration::from_millis(20), watcher.changed()).await {
            Ok(changed) => Ok(changed),
            Err(_) => Ok(timeout(PATIENCE, watcher.changed()).await?),
        }
    });
    assert_eq!(changed.unwrap(), [path]);
}

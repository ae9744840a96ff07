//! Files on a real disk: what labels may lead to, and what stays as it is.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use tempfile::TempDir;

use crate::core::compose::edit::{Project, Rewriting, SourceFile, rewrite};
use crate::core::reference::ImageRef;

use super::*;

const BEFORE: &str = "services:\n  web:\n    image: nginx:1.27.3 # ü\n";
const AFTER: &str = "services:\n  web:\n    image: nginx:1.27.5 # ü\n";

/// A directory with a Compose file, the files that may be written, and the change of that one.
struct Scene {
    folder: TempDir,
    files: ComposeFiles,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stacks = folder.path().join("stacks");
        fs::create_dir(&stacks).unwrap();
        fs::write(stacks.join("compose.yaml"), BEFORE).unwrap();
        let files = ComposeFiles::new(vec![stacks], &folder.path().join("data"));
        Self { folder, files }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("stacks").join(name)
    }

    async fn read(&self, path: &Path) -> Result<Found, FileError> {
        self.files.read(vec![path.display().to_string()]).await.remove(0)
    }

    async fn change(&self, name: &str) -> FileChange {
        let found = self.read(&self.path(name)).await.unwrap();
        let file = SourceFile { path: found.path.clone(), text: found.text.clone() };
        let project =
            Project { files: vec![file], service: "web".to_owned(), ..Project::default() };
        let reference = |text| ImageRef::parse(text).unwrap();
        let edit = rewrite(&project, &reference("nginx:1.27.3"), &reference("nginx:1.27.5"));
        let Ok(Rewriting::Edit(edit)) = edit else { panic!("{edit:?}") };
        FileChange::of(edit, &found.text, self.files.copy_of(&found.path)).unwrap()
    }

    #[track_caller]
    fn holds(&self, name: &str, text: &str) {
        assert_eq!(fs::read_to_string(self.path(name)).unwrap(), text);
    }

    /// Nothing of ours is left beside the files.
    #[track_caller]
    fn is_tidy(&self) {
        let names = fs::read_dir(self.path("")).unwrap().map(|it| it.unwrap().file_name());
        let ours: Vec<_> =
            names.filter(|name| name.to_string_lossy().contains("docker-auto")).collect();
        assert!(ours.is_empty(), "{ours:?}");
    }
}

#[tokio::test]
async fn a_change_is_made_once_and_keeps_what_was_there() {
    let scene = Scene::new();
    let path = scene.path("compose.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let change = scene.change("compose.yaml").await;
    scene.files.check(change.path.clone()).await.unwrap();
    // What an interrupted run has left, and somebody's link to something else.
    for name in [".compose.yaml.docker-auto", ".compose.yaml.docker-auto-0123456789abcdef"] {
        symlink("/etc/hostname", scene.path(name)).unwrap();
    }
    for _ in 0..2 {
        write(change.clone()).await.unwrap();
        scene.holds("compose.yaml", AFTER);
        scene.is_tidy();
    }
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
    assert_eq!(fs::read_to_string(&change.copy).unwrap(), BEFORE);
    assert_eq!(fs::metadata(&change.copy).unwrap().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_a_person_has_changed_stays() {
    let scene = Scene::new();
    let change = scene.change("compose.yaml").await;
    let theirs = format!("{BEFORE}# mine\n");
    fs::write(scene.path("compose.yaml"), &theirs).unwrap();
    assert!(matches!(write(change.clone()).await, Err(FileError::Changed)));
    scene.holds("compose.yaml", &theirs);
    scene.is_tidy();
    assert!(!Path::new(&change.copy).exists());
    fs::remove_file(scene.path("compose.yaml")).unwrap();
    assert!(matches!(write(change).await, Err(FileError::Missing)));
}

#[tokio::test]
async fn what_is_given_up_is_not_written_later() {
    let scene = Scene::new();
    let change = scene.change("compose.yaml").await;
    let given_up = replace::write(&change, &AtomicBool::new(true));
    assert!(matches!(given_up, Err(FileError::Slow)));
    scene.holds("compose.yaml", BEFORE);
    scene.is_tidy();
}

#[tokio::test]
async fn texts_are_not_told_and_links_are_resolved() {
    let scene = Scene::new();
    symlink("compose.yaml", scene.path("link.yaml")).unwrap();
    let [link, none] = ["link.yaml", "none.yaml"].map(|name| scene.path(name));
    let found = scene.read(&link).await.unwrap();
    assert!(!format!("{found:?}").contains("nginx"));
    let given = [&link, &none].map(|path| path.display().to_string());
    let real = resolved(given.to_vec()).await.unwrap();
    assert_eq!(real.into_iter().collect::<Vec<_>>(), [(given[0].clone(), found.path)]);
}

#[tokio::test]
async fn a_link_is_written_through_and_stays_one() {
    let scene = Scene::new();
    symlink("compose.yaml", scene.path("link.yaml")).unwrap();
    symlink(scene.path(""), scene.folder.path().join("elsewhere")).unwrap();
    let change = scene.change("link.yaml").await;
    assert_eq!(change.path, scene.path("compose.yaml").canonicalize().unwrap().to_str().unwrap());
    write(change).await.unwrap();
    assert!(fs::symlink_metadata(scene.path("link.yaml")).unwrap().is_symlink());
    scene.holds("compose.yaml", AFTER);
    let by_folder = scene.folder.path().join("elsewhere/compose.yaml");
    assert_eq!(scene.read(&by_folder).await.unwrap().text, AFTER);
}

/// The directory on the way to a file becomes a link to another one after it was read.
#[tokio::test]
async fn a_directory_that_is_swapped_for_a_link_leads_nowhere() {
    let scene = Scene::new();
    let (inner, away) = (scene.path("inner"), scene.folder.path().join("away"));
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("compose.yaml"), BEFORE).unwrap();
    let change = scene.change("inner/compose.yaml").await;
    fs::rename(&inner, &away).unwrap();
    symlink(&away, &inner).unwrap();
    assert!(matches!(write(change).await, Err(FileError::NotRegular)));
    assert_eq!(fs::read_to_string(away.join("compose.yaml")).unwrap(), BEFORE);
}

#[tokio::test]
async fn labels_lead_to_no_other_file() {
    let scene = Scene::new();
    let outside = scene.folder.path().join("outside.yaml");
    fs::write(&outside, BEFORE).unwrap();
    symlink(&outside, scene.path("out.yaml")).unwrap();
    symlink("/etc/hostname", scene.path("host.yaml")).unwrap();
    symlink("loop.yaml", scene.path("loop.yaml")).unwrap();
    symlink("none.env", scene.path("dangling.env")).unwrap();
    fs::hard_link(&outside, scene.path("hard.yaml")).unwrap();
    fs::create_dir(scene.path("folder.yaml")).unwrap();
    fs::write(scene.path("binary.yaml"), [0xff, 0xfe, 0]).unwrap();
    fs::write(scene.path("large.yaml"), vec![b'#'; (1 << 20) + 1]).unwrap();
    fs::write(scene.path("text.txt"), BEFORE).unwrap();
    let made = std::process::Command::new("mkfifo").arg(scene.path("pipe.yaml")).status().unwrap();
    assert!(made.success());
    let named = |name: &str| scene.path(name);
    for (path, expected) in [
        (PathBuf::from("/etc/shadow"), "no absolute path of a"),
        (PathBuf::from("compose.yaml"), "no absolute path of a"),
        (named("text.txt"), "no absolute path of a"),
        (named("none.yaml"), "it is not there"),
        (named("none/.env"), "it cannot be seen"),
        (named("dangling.env"), "it cannot be seen"),
        (scene.folder.path().join("none.yaml"), "it cannot be seen"),
        (named("../outside.yaml"), "in none of the directories"),
        (outside.clone(), "in none of the directories"),
        (named("out.yaml"), "in none of the directories"),
        (named("host.yaml"), "in none of the directories"),
        (named("loop.yaml"), "finding it failed"),
        (named("hard.yaml"), "several names"),
        (named("folder.yaml"), "no regular file"),
        (named("pipe.yaml"), "no regular file"),
        (named("binary.yaml"), "no text in UTF-8"),
        (named("large.yaml"), "larger than a megabyte"),
        (PathBuf::from("/dev/zero"), "no absolute path of a"),
    ] {
        let told = scene.read(&path).await.unwrap_err().to_string();
        assert!(told.contains(expected), "{}: {told}", path.display());
    }
    let nowhere = ComposeFiles::new(Vec::new(), Path::new("/data"));
    let read = nowhere.read(vec![named("compose.yaml").display().to_string()]).await.remove(0);
    assert!(matches!(read, Err(FileError::NotAllowed)) && !nowhere.are_allowed());
}

#[tokio::test]
async fn each_file_has_one_copy() {
    let scene = Scene::new();
    let (one, other) = (scene.files.copy_of("/a/.env"), scene.files.copy_of("/b/.env"));
    assert!(one != other && one.ends_with("-.env"));
    let change = scene.change("compose.yaml").await;
    write(change.clone()).await.unwrap();
    fs::write(scene.path("compose.yaml"), BEFORE).unwrap();
    write(change.clone()).await.unwrap();
    let folder = Path::new(&change.copy).parent().unwrap();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
}

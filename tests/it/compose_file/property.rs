//! Whatever surrounds an image: outside of its tag no byte changes, and one scalar means another thing.

use docker_auto::core::compose::edit::{
    Project, Rewriting, SourceFile, environment_files, remark, rewrite,
};
use docker_auto::core::reference::ImageRef;
use proptest::prelude::*;
use saphyr_parser::{Event, Parser};

/// A line or two that may stand anywhere between services.
fn filler() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "# [a-zA-Z0-9:\"'{}&*ü网🐳 \t]{0,30}".prop_map(|comment| format!("  {comment}\n")),
        ("[a-v][a-z]{0,6}", "[a-z0-9 :ü]{0,9}").prop_map(|(name, text)| {
            format!("  o-{name}:\n    image: nginx:1.27.3\n    command: \"{text}\"\n")
        }),
        "[a-v]{1,6}".prop_map(|name| format!("  p-{name}: {{image: 'nginx:1.27.3'}} # {name}\n")),
        Just("  \n\n".to_owned()),
    ]
}

/// A setting with a value that it may have, or none that it may.
fn setting() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "ports",
        "volumes",
        "deploy",
        "env_file",
        "environment",
        "networks",
        "depends_on",
        "cap_add",
        "healthcheck",
        "logging",
        "ulimits",
        "mem_limit",
        "cpus",
        "extends",
        "gpus",
        "links",
        "secrets",
        "command",
        "extra_hosts",
        "stop_grace_period",
        "volumes_from",
        "network_mode",
    ]);
    let word = "[a-z0-9:=$./'-]{1,9}";
    let value = prop_oneof![
        Just(String::new()),
        word.prop_map(|word| word),
        proptest::collection::vec(word, 0..3).prop_map(|words| format!("[{}]", words.join(", "))),
        proptest::collection::vec((word, word), 0..3).prop_map(|pairs| {
            let pairs: Vec<_> =
                pairs.iter().map(|(one, other)| format!("{one}: {other}")).collect();
            format!("{{{}}}", pairs.join(", "))
        }),
    ];
    (name, value).prop_map(|(name, value)| format!("    {name}: {value}\n"))
}

/// The service itself, in one of the ways in which people write it.
fn service() -> impl Strategy<Value = String> {
    let style = prop_oneof![Just(""), Just("'"), Just("\"")];
    let image = prop_oneof![Just("nginx:1.27.3"), Just("nginx:${TAG:-1.27.3}")];
    let behind = prop_oneof![Just(""), Just(" # nginx:1.27.3"), Just("  "), Just(" #ü")];
    (style, image, behind, any::<bool>()).prop_map(|(quote, image, behind, flow)| {
        if flow {
            let quote = if quote.is_empty() { "'" } else { quote };
            format!("  web: {{ image: {quote}{image}{quote} }}{behind}\n")
        } else {
            format!("  web:\n    restart: \"no\"\n    image: {quote}{image}{quote}{behind}\n")
        }
    })
}

fn events(text: &str) -> Vec<Event<'_>> {
    let text = text.trim_start_matches('\u{feff}');
    Parser::new_from_str(text).map(|event| event.unwrap().0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_scalar_changes_and_no_other_byte(
        before in proptest::collection::vec(filler(), 0..4),
        service in service(),
        after in proptest::collection::vec(filler(), 0..4),
        windows: bool, mark: bool, ended: bool,
    ) {
        let mut text = format!("services:\n{}{service}{}", before.concat(), after.concat());
        if !ended {
            text.truncate(text.trim_end().len());
        }
        if windows {
            text = text.replace('\n', "\r\n");
        }
        if mark {
            text.insert(0, '\u{feff}');
        }
        let file = SourceFile { path: "compose.yaml".to_owned(), text: text.clone() };
        let project =
            Project { files: vec![file], service: "web".to_owned(), ..Project::default() };
        let reference = |text: &str| ImageRef::parse(text).unwrap();
        let rewritten = rewrite(&project, &reference("nginx:1.27.3"), &reference("nginx:1.28.0"));
        let edit = match rewritten {
            Ok(Rewriting::Edit(edit)) => edit,
            // Two services of one name, which Compose refuses as well.
            Err(refused) if refused.to_string().contains("stands twice") => return Ok(()),
            other => panic!("{other:?}: {text}"),
        };
        let new = edit.apply(&text).unwrap();
        let end = edit.offset + edit.old.len();
        prop_assert_eq!(&new[..edit.offset], &text[..edit.offset]);
        prop_assert_eq!(&new[edit.offset + edit.new.len()..], &text[end..]);
        let (old, new) = (events(&text), events(&new));
        prop_assert_eq!(old.len(), new.len());
        let different: Vec<_> = old.iter().zip(&new).filter(|(old, new)| old != new).collect();
        prop_assert_eq!(different.len(), 1);
        let [(Event::Scalar(old, ..), Event::Scalar(new, ..))] = different[..] else {
            panic!("{different:?}")
        };
        prop_assert_eq!(old.replace("1.27.3", "1.28.0"), new.as_ref());
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z:{}\\[\\]&*<>|!'\"#$ \n\t-]{0,80}", variables in ".{0,60}") {
        let file = SourceFile { path: "compose.yaml".to_owned(), text };
        let set = docker_auto::core::compose::edit::VariableFile {
            path: ".env".to_owned(),
            text: Ok(variables),
        };
        let reference = |text: &str| ImageRef::parse(text).unwrap();
        let image = SourceFile {
            path: "web.yaml".to_owned(),
            text: "services: {web: {image: \"nginx:${A}\"}}".to_owned(),
        };
        let (files, variables) = (vec![image, file], vec![set]);
        let project =
            Project { files, variables, service: "web".to_owned(), ..Project::default() };
        drop(rewrite(&project, &reference("nginx:1"), &reference("nginx:2")));
    }

    #[test]
    fn no_settings_make_it_panic(below in setting(), above in setting(), set in ".{0,40}") {
        let file = |path: &str, text| SourceFile {
            path: path.to_owned(),
            text: format!("services:\n  web:\n    image: nginx:1\n{text}"),
        };
        let mut project = Project {
            files: vec![file("compose.yaml", below), file("more.yaml", above)],
            service: "web".to_owned(),
            folder: "/srv".to_owned(),
            ..Project::default()
        };
        for path in environment_files(&project) {
            let file = SourceFile { path: path.clone(), text: set.clone() };
            project.environment.insert(path, Some(file));
        }
        let [one, two] = ["nginx:1", "nginx:2"].map(|text| ImageRef::parse(text).unwrap());
        prop_assert_eq!(remark(&project, "none", (&one, &two)), None);
    }
}

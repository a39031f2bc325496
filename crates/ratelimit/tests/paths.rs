//! Which paths a pattern is for.

use proptest::prelude::*;
use voussoir_ratelimit::rules::{PathErrorKind, PathPattern};

fn matches(pattern: &str, path: &str) -> bool {
    pattern.parse::<PathPattern>().expect(pattern).matches(path)
}

#[test]
fn patterns_match_whole_segments() {
    for (pattern, yes, no) in [
        ("/", vec!["/", "", "//", "/?x=/a"], vec!["/a"]),
        ("/*", vec!["/", "", "/a", "/a/b"], vec![]),
        (
            "/login",
            vec!["/login", "/login/", "//login", "/%6Cogin"],
            vec!["/Login", "/login/x", "/log"],
        ),
        (
            "/users/{id}",
            vec!["/users/7", "/users/a%2Fb"],
            vec!["/users", "/users/7/posts", "/user/7"],
        ),
        ("/api/*", vec!["/api", "/api/", "/api/a", "/api/a/b"], vec!["/apis", "/", "/a/api"]),
        ("/{a}/{b}/*", vec!["/1/2", "/1/2/3"], vec!["/1", "/"]),
        ("/a%20b", vec!["/a%20b", "/a b", "/%61%20b"], vec!["/a+b", "/a%2520b"]),
        ("/100%", vec!["/100%", "/100%25"], vec!["/100"]),
    ] {
        for path in yes {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for path in no {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}

#[test]
fn segments_are_found_by_their_names() {
    let pattern: PathPattern = "/users/{id}/posts/{post}".parse().expect("valid");
    let path = "//users/7/posts/a%20b?x";
    assert_eq!(pattern.segment(path, "id"), Some("7"));
    assert_eq!(pattern.segment(path, "post"), Some("a%20b"));
    assert_eq!(pattern.segment(path, "users"), None);
    assert!(pattern.has_segment("id") && !pattern.has_segment("users"));
}

#[test]
fn refused_patterns_say_where_and_what_is_allowed() {
    for (text, column, kind) in [
        ("", 1, PathErrorKind::NoSlash),
        ("login", 1, PathErrorKind::NoSlash),
        ("//", 2, PathErrorKind::EmptySegment),
        ("/login/", 8, PathErrorKind::EmptySegment),
        ("/a//b", 4, PathErrorKind::EmptySegment),
        ("/*/a", 2, PathErrorKind::Star),
        ("/a*", 3, PathErrorKind::Star),
        ("/a/**", 4, PathErrorKind::Star),
        ("/*/", 2, PathErrorKind::Star),
        ("/é/{id", 4, PathErrorKind::Brace),
        ("/a{id}", 3, PathErrorKind::Brace),
        ("/{}", 3, PathErrorKind::Name),
        ("/{a-b}", 3, PathErrorKind::Name),
        ("/{*rest}", 3, PathErrorKind::Star),
        ("/{id}/{id}", 8, PathErrorKind::Repeated),
        ("/a?x", 3, PathErrorKind::Query),
    ] {
        let error = text.parse::<PathPattern>().expect_err(text);
        assert_eq!((error.column(), error.kind()), (column, kind), "{text}");
        assert!(error.to_string().contains("; allowed: "), "{error}");
    }
}

/// The same by way of lists of segments, as a model.
fn model(pattern: &str, path: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (mut pattern, mut path) = (split(pattern), split(path));
    if pattern.last().is_some_and(|last| last == "*") {
        pattern.pop();
        path.truncate(pattern.len());
    }
    let same = |(pattern, path): (&String, &String)| pattern.starts_with('{') || pattern == path;
    pattern.len() == path.len() && pattern.iter().zip(&path).all(same)
}

proptest! {
    #[test]
    fn matches_as_lists_of_segments_do(
        pattern in "(/([ab]|\\{x\\})){1,3}(/\\*)?|(/[ab]){1,4}(/\\*)?|/\\*",
        path in "(/[ab]){0,4}/?",
    ) {
        prop_assume!(pattern.matches("{x}").count() < 2);
        prop_assert_eq!(matches(&pattern, &path), model(&pattern, &path));
    }

    /// The body of the fuzz target `path_pattern`.
    #[test]
    fn no_text_panics_and_every_pattern_matches_itself(
        text in "\\PC{0,20}|(/[a*{}%/?é]{0,4}){0,4}",
        path in "\\PC{0,20}|(/[a*{}%/?é]{0,4}){0,4}",
    ) {
        match text.parse::<PathPattern>() {
            Ok(pattern) => {
                prop_assert_eq!(pattern.to_string(), text.clone());
                prop_assert_eq!(pattern.to_string().parse(), Ok(pattern.clone()));
                prop_assert!(pattern.matches(&text));
                let doubled = text.replace('/', "//");
                prop_assert!(pattern.matches(&doubled));
                let _ = pattern.matches(&path);
            }
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.column())),
        }
    }

    #[test]
    fn escaping_changes_nothing(path in "(/[a-c]{1,3}){1,3}", escape in prop::collection::vec(any::<bool>(), 12)) {
        let escape_some = |(byte, escape): (u8, &bool)| match byte {
            b'/' => "/".to_owned(),
            byte if *escape => format!("%{byte:02X}"),
            byte => char::from(byte).to_string(),
        };
        let escaped: String = path.bytes().zip(escape.iter().cycle()).map(escape_some).collect();
        prop_assert!(matches(&path, &escaped) && matches(&escaped, &path));
    }
}

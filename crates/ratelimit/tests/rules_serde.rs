//! Rules as configurations have them.
#![cfg(feature = "serde")]

use voussoir_ratelimit::rules::{MissingKey, Order, Rule, RuleSet};

/// The example of the module's page, so that it stays true.
fn documented() -> String {
    let page = include_str!("../src/rules.rs").lines();
    let toml = page.skip_while(|line| *line != "//! ```toml").skip(1);
    let lines: Vec<_> = toml
        .take_while(|line| *line != "//! ```")
        .map(|line| line.trim_start_matches("//!"))
        .collect();
    lines.join("\n")
}

fn documented_set() -> RuleSet {
    let rule = |name: &str, limit: &str, key: &str| {
        Rule::new(name, limit.parse().expect(limit), key.parse().expect(key))
    };
    let login = rule("login", "5/min burst 10", "client").method("POST");
    let login = login.path("/login".parse().expect("a pattern"));
    let free = rule("free tenants", "1000/h", "attribute:tenant+segment:project")
        .path("/projects/{project}/*".parse().expect("a pattern"))
        .header("x-plan", "free")
        .attribute("region", "eu")
        .initial(0)
        .missing(MissingKey::Refuse)
        .shadow(true)
        .max_keys(10_000);
    RuleSet::new(Order::FirstMatch, [login, free]).expect("valid")
}

#[test]
fn the_documented_configuration_is_read() {
    assert_eq!(toml::from_str::<RuleSet>(&documented()).expect("documented"), documented_set());
}

#[test]
fn sets_are_read_back_from_toml_and_json() {
    let set = documented_set();
    let text = toml::to_string(&set).expect("TOML");
    assert_eq!(toml::from_str::<RuleSet>(&text).expect(&text), set);
    let text = serde_json::to_string(&set).expect("JSON");
    assert_eq!(serde_json::from_str::<RuleSet>(&text).expect(&text), set);
}

#[test]
fn the_order_may_be_left_out() {
    let set: RuleSet = toml::from_str("rules = []").expect("no rules");
    assert_eq!((set.order(), set.rules().len()), (Order::FirstMatch, 0));
    let set: RuleSet = toml::from_str("order = \"all-match\"\nrules = []").expect("no rules");
    assert_eq!(set.order(), Order::AllMatch);
}

#[test]
fn what_is_wrong_is_named_together_with_what_is_allowed() {
    let rule = |more: &str| format!("[[rules]]\nname = \"a\"\n{more}");
    let valid = "limit = \"1/s\"\nkey = \"all\"\n";
    for (text, parts) in [
        (
            "order = \"best\"\nrules = []".to_owned(),
            &["`best`", "`first-match`", "`all-match`"][..],
        ),
        ("rule = []".to_owned(), &["unknown field `rule`", "`order`", "`rules`"]),
        (rule("key = \"all\""), &["missing field `limit`"]),
        (rule("limit = \"1/s\""), &["missing field `key`"]),
        (
            rule(&format!("{valid}metods = [\"GET\"]")),
            &["unknown field `metods`", "`methods`", "`path`"],
        ),
        (
            rule("limit = \"1/fortnight\"\nkey = \"all\""),
            &["unknown period at column 3", "allowed: s, min"],
        ),
        (
            rule("limit = \"1/s\"\nkey = \"hedaer:x\""),
            &["`hedaer:x`", "allowed: all", "header:NAME"],
        ),
        (
            rule(&format!("{valid}path = \"login\"")),
            &["no `/` at column 1; allowed: a path from the root"],
        ),
        (rule(&format!("{valid}missing = \"no\"")), &["`no`", "`share`", "`refuse`", "`skip`"]),
        (
            rule(&format!("{valid}initial = 2")),
            &["rule `a`: `initial` is 2; allowed: 0 to 1, the limit"],
        ),
        (rule(&format!("{valid}max_keys = 0")), &["rule `a`: `max_keys` is 0; allowed: 1 or more"]),
        (rule(&format!("{valid}{}{valid}", rule(""))), &["rule `a`: `name` is given twice"]),
    ] {
        let error = toml::from_str::<RuleSet>(&text).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{text}\n{error}");
        }
    }
}

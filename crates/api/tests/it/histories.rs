//! Twenty people at one rollout at once: what they are told can be put in one order that agrees with the
//! clock on the wall (linearizable), checked against a small model of a rollout.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::world::World;

const PEOPLE: usize = 20;
const ACTS: usize = 25;

/// What one person did, and what they were told.
#[derive(Debug, Clone)]
struct Act {
    began: Instant,
    ended: Instant,
    told: Told,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// It is so since the change of this number: held, or not.
    Is { generation: i64, held: bool },
    /// They changed it, and it is so since.
    Made { generation: i64, held: bool },
    /// It is not as they saw it, which was this.
    Changed { seen: i64 },
}

async fn person(world: &World, path: &str, token: &str, number: usize) -> Vec<Act> {
    let mut acts = Vec::new();
    let mut seen: Option<(String, i64, bool)> = None;
    for turn in 0..ACTS {
        // Everybody in another order, and the same in every run.
        let choice = (number * 7 + turn * 3 + turn / 5) % 4;
        let began = Instant::now();
        let known = seen.clone();
        let (method, action, tag) = match (choice, &known) {
            (0, _) | (_, None) => (Method::GET, "", None),
            (1, _) => (Method::POST, "/pause", None),
            (2, Some((tag, ..))) => (Method::POST, "/resume", Some(tag.clone())),
            (_, Some((tag, ..))) => (Method::POST, "/pause", Some(tag.clone())),
        };
        let mut request = Request::builder()
            .method(&method)
            .uri(format!("{path}{action}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        if let Some(tag) = &tag {
            request = request.header("if-match", tag);
        }
        let body = if method == Method::GET { Body::empty() } else { Body::from("{}") };
        let answer = world.send(request.body(body).unwrap()).await;
        let ended = Instant::now();
        let told = match answer.status.as_u16() {
            200 => {
                let generation = answer.body["generation"].as_i64().unwrap();
                let held = answer.body["intent"]["wish"] == "hold";
                if method == Method::GET {
                    let tag = answer.headers["etag"].to_str().unwrap().to_owned();
                    seen = Some((tag, generation, held));
                    Told::Is { generation, held }
                } else if held == (action == "/pause") && changed(known.as_ref(), generation) {
                    Told::Made { generation, held }
                } else {
                    Told::Is { generation, held }
                }
            }
            412 => Told::Changed { seen: known.map(|(_, generation, _)| generation).unwrap() },
            // Where two changes meet in the database, one may be told to come again.
            409 => continue,
            other => panic!("{method} {action}: {other} {}", answer.body),
        };
        acts.push(Act { began, ended, told });
    }
    acts
}

fn changed(known: Option<&(String, i64, bool)>, generation: i64) -> bool {
    known.is_some_and(|(_, seen, _)| generation > *seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_twenty_people_are_told_agrees() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let path = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}");
    let mut tokens = Vec::new();
    for number in 0..PEOPLE {
        tokens.push(world.person(&format!("person {number}")).await);
    }
    let people = tokens.iter().enumerate().map(|(at, token)| person(&world, &path, token, at));
    let acts: Vec<Act> = futures_util::future::join_all(people).await.concat();
    assert!(acts.len() > PEOPLE * ACTS / 2, "{}", acts.len());
    // One history: whatever is so since a change of a number is the same for everybody.
    let mut history: BTreeMap<i64, bool> = BTreeMap::new();
    for act in &acts {
        if let Told::Is { generation, held } | Told::Made { generation, held } = act.told {
            let known = *history.entry(generation).or_insert(held);
            assert_eq!(known, held, "two pasts of {generation}");
        }
    }
    // And it agrees with the wall: what ended before something else began is not after it.
    for one in &acts {
        for other in acts.iter().filter(|other| one.ended < other.began) {
            match (&one.told, &other.told) {
                (
                    Told::Is { generation, .. } | Told::Made { generation, .. },
                    Told::Is { generation: later, .. } | Told::Made { generation: later, .. },
                ) => assert!(generation <= later, "{one:?} and then {other:?}"),
                (_, Told::Changed { .. }) | (Told::Changed { .. }, _) => {}
            }
        }
        // Who was told that it changed was right: somebody changed it before they were told.
        if let Told::Changed { seen } = one.told {
            let right = acts.iter().any(|act| match act.told {
                Told::Is { generation, .. } | Told::Made { generation, .. } => {
                    generation > seen && act.began < one.ended
                }
                Told::Changed { .. } => false,
            });
            assert!(right, "{one:?}");
        }
    }
    let refused = acts.iter().filter(|act| matches!(act.told, Told::Changed { .. })).count();
    assert!(refused > PEOPLE, "too few met to say anything: {refused}");
    // A pause that was answered is in force, whatever came of the rest.
    world.post(&format!("{path}/pause"), json!({})).await.expect(200);
    assert_eq!(world.get(&path).await.expect(200)["intent"]["wish"], "hold");
}

//! The systemd plane.

use crate::harness::Sandbox;

#[test]
fn without_a_user_manager_the_plane_is_null_with_its_reason() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let row = sandbox.row("a");
    assert!(row["systemd"].is_null());
    assert_eq!(row["boot_enable"], "unknown");
    let evidence = row["evidence"].as_array().unwrap().iter().find(|e| e["plane"] == "systemd").unwrap();
    assert_eq!(evidence["ok"], false);
    assert!(evidence["text"].as_str().unwrap().contains("no user manager"), "{evidence}");
}

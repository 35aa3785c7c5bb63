use tokio::net::TcpListener;

use super::*;

#[test]
fn an_address_may_be_written_as_people_write_it() {
    for (written, asked) in [
        ("http://127.0.0.1:9901", "127.0.0.1:9901"),
        ("http://127.0.0.1:9901/", "127.0.0.1:9901"),
        ("127.0.0.1:1", "127.0.0.1:1"),
        ("0.0.0.0:1", "127.0.0.1:1"),
        ("http://[::]:1", "[::1]:1"),
        ("[::1]:1", "[::1]:1"),
        ("localhost:1", "localhost:1"),
        ("http://gateway", "gateway:9901"),
    ] {
        assert_eq!(authority(written).unwrap(), asked, "{written}");
    }
    for wrong in [
        "",
        "https://a:1",
        "http://a:1/report",
        "http://u:p@a:1",
        "a b",
        "http://a:1?b",
    ] {
        assert_eq!(authority(wrong), None, "{wrong}");
    }
}

#[test]
fn what_listens_everywhere_is_asked_on_loopback() {
    for (listens, asked) in [
        ("0.0.0.0:1", "http://127.0.0.1:1/x"),
        ("[::]:1", "http://[::1]:1/x"),
        ("10.0.0.1:1", "http://10.0.0.1:1/x"),
    ] {
        assert_eq!(Admin::at(listens.parse().unwrap()).url("/x"), asked);
    }
}

#[tokio::test]
async fn where_nobody_listens_it_is_said_how_to_say_where() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let problem = Admin::at(address).get("/x").await.unwrap_err();
    assert!(problem.to_string().contains("--admin"), "{problem}");
}

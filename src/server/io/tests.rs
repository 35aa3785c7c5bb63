use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::Semaphore;

use super::*;

const REFUSAL: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";

struct Both {
    caller: DuplexStream,
    io: Io<DuplexStream>,
    activity: Arc<Activity>,
    interims: Interims,
}

async fn both(space: usize) -> Both {
    let (caller, server) = duplex(space);
    let (activity, interims) = (Activity::new(), Interims::default());
    let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
    let io = Io::new(
        server,
        Arc::clone(&activity),
        interims.clone(),
        None,
        Arc::new(place),
    );
    Both {
        caller,
        io,
        activity,
        interims,
    }
}

async fn read(caller: &mut DuplexStream, length: usize) -> String {
    let mut bytes = vec![0; length];
    let read = tokio::time::timeout(Duration::from_secs(20), caller.read_exact(&mut bytes));
    read.await.expect("so many bytes").unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn an_interim_answer_that_is_begun_is_ended_before_anything_else() {
    let mut both = both(8).await;
    let request = both.activity.request(true);
    both.interims.begin().send(b"HTTP/1.1 103 x\r\n\r\n");
    let io = &mut both.io;
    // No more than eight bytes have gone out when hyper has something to say.
    assert!(
        tokio::time::timeout(Duration::ZERO, io.flush())
            .await
            .is_err()
    );
    let writing = async {
        io.write_all(b"HTTP/1.1 100 y\r\n\r\n").await.unwrap();
        io.flush().await.unwrap();
    };
    let (said, ()) = tokio::join!(read(&mut both.caller, 36), writing);
    assert_eq!(said, "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 100 y\r\n\r\n");
    drop(request);
}

#[tokio::test]
async fn only_a_refusal_of_hypers_own_is_rephrased() {
    // Nothing was asked.
    let mut first = both(4096).await;
    first.io.write_all(REFUSAL).await.unwrap();
    first.io.flush().await.unwrap();
    let said = read(&mut first.caller, 80).await;
    assert!(said.contains("application/json"), "{said}");

    // A service says the same.
    let mut second = both(4096).await;
    let request = second.activity.request(false);
    second.io.write_all(REFUSAL).await.unwrap();
    // As hyper does: its answer is over before all of it is written.
    drop(request);
    second.io.write_all(REFUSAL).await.unwrap();
    second.io.flush().await.unwrap();
    let said = read(&mut second.caller, 2 * REFUSAL.len()).await;
    assert_eq!(said.as_bytes(), REFUSAL.repeat(2));
    // And now nothing is asked again.
    second.io.write_all(REFUSAL).await.unwrap();
    second.io.flush().await.unwrap();
    let said = read(&mut second.caller, 80).await;
    assert!(said.contains("application/json"), "{said}");
}

#[tokio::test]
async fn what_is_unread_is_read_together_with_what_is_behind_it() {
    for (behind, expected) in [("ET / ", "GET / "), ("", "G")] {
        let mut both = both(64).await;
        both.caller.write_all(b"G").await.unwrap();
        let mut first = [0; 1];
        both.io.read_exact(&mut first).await.unwrap();
        both.io.unread(&first);
        both.caller.write_all(behind.as_bytes()).await.unwrap();
        let mut buffer = [0; 64];
        let length = both.io.read(&mut buffer).await.unwrap();
        assert_eq!(str::from_utf8(&buffer[..length]), Ok(expected));
    }
}

#[tokio::test]
async fn what_is_unread_may_take_more_than_one_read() {
    let mut both = both(64).await;
    both.io.unread(b"PRI");
    let mut read = [0; 3];
    for byte in &mut read {
        *byte = both.io.read_u8().await.unwrap();
    }
    assert_eq!(&read, b"PRI");
}

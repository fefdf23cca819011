//! The least that a function with `lambda_http` can be: it answers each request with the same
//! words.

use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(|_request: Request| async {
        Ok::<_, Error>("hello")
    }))
    .await
}

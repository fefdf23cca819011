//! The minimal function with `lambda_http`: it returns the same word for every request.

use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(|_request: Request| async {
        Ok::<_, Error>("hello")
    }))
    .await
}

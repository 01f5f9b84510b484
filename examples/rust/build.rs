//! Makes the gRPC stubs of proto/, with protoc.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    tonic_prost_build::configure()
        .build_server(false)
        .compile_protos(&["../../proto/tocsin/v1/hub.proto"], &["../../proto"])?;
    Ok(())
}

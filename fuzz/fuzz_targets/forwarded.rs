#![no_main]

//! What a client writes into `Forwarded` or `X-Forwarded-For` never moves what proxies append.

use std::net::{IpAddr, Ipv4Addr};

use voussoir::ratelimit::client_key::{ClientSource, ForwardedField, TrustedProxies};

libfuzzer_sys::fuzz_target!(|written: &[u8]| {
    let client = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
    for (field, appended) in [
        (ForwardedField::XForwardedFor, ", 203.0.113.7, 10.0.0.2"),
        (ForwardedField::Forwarded, ", for=\"203.0.113.7:80\";by=\"a,\\\"b\", for=10.0.0.2"),
    ] {
        let clients = ClientSource::builder().field(field).trust(TrustedProxies::Hops(2));
        let line = [written, appended.as_bytes()].concat();
        assert_eq!(clients.build().unwrap().address(None, [line]), Some(client));
    }
});

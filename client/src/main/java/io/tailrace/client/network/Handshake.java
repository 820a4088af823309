package io.tailrace.client.network;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.message.ApiVersionRange;
import io.tailrace.protocol.message.HandshakeRequest;
import io.tailrace.protocol.message.HandshakeResponse;
import java.util.EnumMap;
import java.util.Map;

/** The result of a handshake: the version of each api that client and broker use. Immutable. */
final class Handshake {
  private final HandshakeResponse response;
  private final Map<ApiKey, Integer> versions = new EnumMap<>(ApiKey.class);

  Handshake(HandshakeResponse response) {
    this.response = response;
    for (ApiVersionRange range : response.getApisList()) {
      ApiKey api = ApiKey.of(range.getApiKey());
      if (api == null) {
        continue; // an api of a newer broker
      }
      int version = Math.min(api.maxVersion(), range.getMaxVersion());
      if (version >= Math.max(api.minVersion(), range.getMinVersion())) {
        versions.put(api, version);
      }
    }
  }

  /** The first frame of a connection. */
  static ByteBuf request(NetworkConfig config, int correlationId) {
    HandshakeRequest.Builder body =
        HandshakeRequest.newBuilder()
            .setMagic(FrameCodec.HANDSHAKE_MAGIC)
            .setClientId(config.clientId())
            .setClientSoftware("tailrace-java " + version());
    config.introduction().addTo(body);
    return FrameCodec.encodeRequest(
        PooledByteBufAllocator.DEFAULT, ApiKey.HANDSHAKE, 0, correlationId, body.build(), 0);
  }

  private static String version() {
    String version = Handshake.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }

  /** The error if another broker answers at the address, else null. */
  TailraceException check(BrokerAddress address) {
    if (address.id() != BrokerAddress.UNKNOWN_ID && address.id() != response.getBrokerId()) {
      return new TailraceException(
          ErrorCode.CONNECTION_FAILED, "broker " + response.getBrokerId() + " answers there");
    }
    return null;
  }

  HandshakeResponse response() {
    return response;
  }

  /** The newest version of an api that both know, or null. */
  Integer version(ApiKey api) {
    return versions.get(api);
  }

  /** Why there is no version. */
  TailraceException unsupported(ApiKey api, BrokerAddress address) {
    boolean known =
        response.getApisList().stream().anyMatch(range -> range.getApiKey() == api.id());
    return new TailraceException(
        known ? ErrorCode.UNSUPPORTED_VERSION : ErrorCode.UNSUPPORTED_API,
        address
            + " ("
            + response.getBrokerSoftware()
            + ") does not speak "
            + api
            + (known ? " in a version that this client knows" : "")
            + "; client and broker should be of about the same release");
  }
}

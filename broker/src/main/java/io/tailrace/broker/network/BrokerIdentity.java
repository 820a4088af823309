package io.tailrace.broker.network;

import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.ApiVersionRange;
import io.tailrace.protocol.message.HandshakeResponse;
import java.util.function.Supplier;

/**
 * Who this broker is, as it introduces itself.
 *
 * @param clusterId the cluster's id, or empty while it is not known; called from any thread
 */
public record BrokerIdentity(int brokerId, Supplier<String> clusterId, String software) {

  HandshakeResponse greeting(int maxFrameBytes) {
    HandshakeResponse.Builder hello =
        HandshakeResponse.newBuilder()
            .setBrokerId(brokerId)
            .setClusterId(clusterId.get())
            .setBrokerSoftware(software)
            .setMaxFrameBytes(maxFrameBytes);
    for (ApiKey api : ApiKey.values()) {
      hello.addApis(
          ApiVersionRange.newBuilder()
              .setApiKey(api.id())
              .setMinVersion(api.minVersion())
              .setMaxVersion(api.maxVersion()));
    }
    return hello.build();
  }
}

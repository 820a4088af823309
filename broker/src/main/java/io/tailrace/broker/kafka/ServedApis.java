package io.tailrace.broker.kafka;

import java.util.EnumMap;
import java.util.Map;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersionCollection;
import org.apache.kafka.common.protocol.ApiKeys;

/** The apis of Kafka that this broker serves, and in which versions. Immutable once it is built. */
final class ServedApis {
  private final Map<ApiKeys, Served> apis = new EnumMap<>(ApiKeys.class);

  /**
   * One api.
   *
   * @param advertisedMin what clients are told; see {@link #addAdvertised}
   */
  record Served(short advertisedMin, short min, short max, KafkaHandler handler) {
    boolean has(short version) {
      return version >= min && version <= max;
    }
  }

  /** Serves the api in these versions. */
  ServedApis add(ApiKeys api, int min, int max, KafkaHandler handler) {
    return addAdvertised(api, min, min, max, handler);
  }

  /**
   * Serves the api, and tells clients of versions below what is served: some of them find out from
   * such a version whether a broker has a feature, and never send it.
   */
  ServedApis addAdvertised(ApiKeys api, int advertisedMin, int min, int max, KafkaHandler handler) {
    if (min < api.messageType.lowestSupportedVersion()
        || max > api.messageType.highestSupportedVersion(false)) {
      throw new IllegalArgumentException(
          api + " cannot be read in all versions from " + min + " to " + max);
    }
    apis.put(api, new Served((short) advertisedMin, (short) min, (short) max, handler));
    return this;
  }

  /** Null when the api is not served. */
  Served find(short api) {
    return ApiKeys.hasId(api) ? apis.get(ApiKeys.forId(api)) : null;
  }

  /** As clients are told. */
  ApiVersionCollection ranges() {
    ApiVersionCollection ranges = new ApiVersionCollection(apis.size());
    apis.forEach(
        (api, served) ->
            ranges.add(
                new ApiVersion()
                    .setApiKey(api.id)
                    .setMinVersion(served.advertisedMin())
                    .setMaxVersion(served.max())));
    return ranges;
  }
}

package io.tailrace.broker.kafka;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.network.Connection;
import io.tailrace.broker.network.ConnectionSetup;
import io.tailrace.broker.network.Refusal;
import io.tailrace.protocol.error.ErrorCode;
import java.util.List;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;

/**
 * A connection that speaks Kafka's protocol. One request is worked on at a time, as its clients
 * expect: responses come in the order of the requests. Confined to its event loop.
 *
 * <pre>
 *   request:  | length | api key | api version | correlation id | rest of the header | body |
 *               u32      u16       u16           u32
 * </pre>
 *
 * <p>What cannot be read ends the connection, as it does in Kafka: its protocol has no error for
 * it. So does a version that is not served, but for {@code ApiVersions}, by which clients find out.
 */
final class KafkaConnection extends Connection {
  private static final int FIXED_HEADER_BYTES = 8;
  private static final short FIRST_VERSION = 0;

  private final ServedApis apis;
  private final long number;
  private int requests;

  /**
   * @param number grows with each connection of this broker
   */
  KafkaConnection(ServedApis apis, long number, ConnectionSetup setup) {
    super(setup, 1);
    this.apis = apis;
    this.number = number;
  }

  // ---- in ----

  @Override
  protected void handle(ByteBuf content) {
    if (isDraining()) {
      content.release(); // the client sees the end of the connection, and asks elsewhere
      return;
    }
    KafkaRequest request;
    try {
      request = parse(content);
    } catch (RuntimeException e) { // Kafka's classes have no one exception for what is not whole
      content.release();
      refuse(Refusal.INVALID_FRAME, ErrorCode.INVALID_REQUEST, "not a Kafka request: " + e);
      return;
    }
    if (request == null) {
      content.release();
    } else {
      begin(request);
      request.guard(() -> apis.find(request.api().id).handler().handle(request)).run();
    }
  }

  /**
   * Null when it was answered already, or ended the connection; the content is the caller's still.
   */
  private KafkaRequest parse(ByteBuf content) {
    if (content.readableBytes() < FIXED_HEADER_BYTES) {
      refuse(Refusal.INVALID_FRAME, ErrorCode.INVALID_REQUEST, "no Kafka request is so short");
      return null;
    }
    short key = content.getShort(content.readerIndex());
    short version = content.getShort(content.readerIndex() + Short.BYTES);
    ServedApis.Served served = apis.find(key);
    if (served == null || !served.has(version)) {
      refuseVersion(key, version, content.getInt(content.readerIndex() + 2 * Short.BYTES));
      return null;
    }
    ApiKeys api = ApiKeys.forId(key);
    RequestReader reader = new RequestReader(content.duplicate());
    RequestHeaderData header = new RequestHeaderData(reader, api.requestHeaderVersion(version));
    AbstractRequest parsed = AbstractRequest.parseRequest(api, version, reader).request;
    if (!isGreeted() && !greet()) {
      return null;
    }
    long sequence = (number << Integer.SIZE) + requests++;
    return new KafkaRequest(this, sequence, header, parsed, content, reader.recordPositions());
  }

  private void refuseVersion(short key, short version, int correlationId) {
    if (key != ApiKeys.API_VERSIONS.id) {
      refuse(
          Refusal.UNSUPPORTED_VERSION,
          ErrorCode.UNSUPPORTED_VERSION,
          (ApiKeys.hasId(key) ? ApiKeys.forId(key).name : "Kafka's api " + key)
              + " is not served in version "
              + version);
    } else if (isGreeted() || greet()) {
      ApiVersionsResponseData ranges =
          new ApiVersionsResponseData()
              .setErrorCode(Errors.UNSUPPORTED_VERSION.code())
              .setApiKeys(apis.ranges());
      write(correlationId, ApiKeys.API_VERSIONS, FIRST_VERSION, ranges);
    }
  }

  @Override
  protected void refuse(Refusal refusal, ErrorCode code, String message) {
    refused(refusal, message);
    context().close();
  }

  // ---- out ----

  void respond(KafkaRequest request, ApiMessage body) {
    int written =
        isClosed() ? 0 : write(request.correlationId(), request.api(), request.version(), body);
    releaseRecords(body);
    finish(request, written);
  }

  void finishWithoutResponse(KafkaRequest request) {
    finish(request, 0);
  }

  void hangUp(KafkaRequest request) {
    if (!isClosed()) {
      closeByBroker();
    }
    finish(request, 0);
  }

  private int write(int correlationId, ApiKeys api, short version, ApiMessage body) {
    List<ByteBuf> frame;
    try {
      frame =
          ResponseWriter.encode(
              context().alloc(), correlationId, api.responseHeaderVersion(version), body, version);
    } catch (Throwable e) {
      breakOff(e);
      return 0;
    }
    int length = 0;
    for (ByteBuf part : frame) {
      length += part.readableBytes();
      context().write(part, context().voidPromise());
    }
    flushSoon();
    return length;
  }

  /** Gives back the records of a response that is written or dropped. */
  static void releaseRecords(ApiMessage body) {
    if (body instanceof FetchResponseData fetch) {
      fetch
          .responses()
          .forEach(
              topic ->
                  topic
                      .partitions()
                      .forEach(
                          partition -> {
                            if (partition.records() instanceof StoredRecords stored) {
                              stored.bytes().release();
                            }
                          }));
    }
  }
}

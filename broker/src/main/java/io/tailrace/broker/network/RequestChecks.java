package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.HandshakeRequest;
import io.tailrace.protocol.message.RequestHeader;
import java.util.function.Consumer;

/** Why a request is not handed to its handler. Stateless. */
final class RequestChecks {
  /** A body is metadata, and becomes objects that are some dozen times larger than its bytes. */
  static final int MAX_BODY_BYTES = 1 << 20;

  private RequestChecks() {}

  /** The error that a client gets instead of a response. */
  record Denial(ErrorCode code, String message) {}

  /**
   * Checks the first request of a connection.
   *
   * @param api what the header asks for; null when that is not known
   * @param told told the handshake, if it is one
   * @return null when it is a handshake
   */
  static Denial ofHandshake(ApiKey api, RequestFrame frame, Consumer<HandshakeRequest> told) {
    if (api != ApiKey.HANDSHAKE) {
      return new Denial(ErrorCode.HANDSHAKE_REQUIRED, "the first request must be a handshake");
    }
    int version = frame.header().getApiVersion();
    if (!api.supports(version)) {
      return new Denial(
          ErrorCode.UNSUPPORTED_VERSION, "handshake version " + version + " is not supported");
    }
    try {
      HandshakeRequest hello = frame.body(HandshakeRequest.parser());
      if (hello.getMagic() != FrameCodec.HANDSHAKE_MAGIC) {
        return new Denial(ErrorCode.INVALID_REQUEST, "this is not a Tailrace client's handshake");
      }
      told.accept(hello);
      return null;
    } catch (InvalidProtocolBufferException e) {
      return new Denial(
          ErrorCode.INVALID_REQUEST, "the handshake is not valid Protobuf: " + e.getMessage());
    }
  }

  /**
   * Checks the header of every other request.
   *
   * @param api what the header asks for; null when that is not known
   * @return null when its handler may have it
   */
  static Denial ofRequest(ApiKey api, RequestHeader header) {
    if (header.getBodyLength() > MAX_BODY_BYTES) {
      return new Denial(
          ErrorCode.INVALID_REQUEST,
          "a body of "
              + header.getBodyLength()
              + " bytes is above the limit of "
              + MAX_BODY_BYTES
              + "; ask for fewer things at a time");
    }
    if (api == null) {
      return new Denial(
          ErrorCode.UNSUPPORTED_API, "this broker does not know api " + header.getApiKey());
    }
    if (!api.supports(header.getApiVersion())) {
      return new Denial(
          ErrorCode.UNSUPPORTED_VERSION,
          api
              + " is supported in versions "
              + api.minVersion()
              + " to "
              + api.maxVersion()
              + ", not "
              + header.getApiVersion());
    }
    return api == ApiKey.HANDSHAKE
        ? new Denial(ErrorCode.INVALID_REQUEST, "the handshake was done already")
        : null;
  }
}

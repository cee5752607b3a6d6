"""The cases of .NET's own tests of NegotiateStream, and where ours are.

Source: dotnet/runtime, System.Net.Security: NegotiateStreamStreamToStreamTest, NegotiateStreamInvalidOperationTest,
NegotiateStreamKerberosTest, NegotiateAuthenticationTests, NegotiateStreamConformanceTests. Each case names our tests
for it, as ``file::test`` below ``tests/``, or says why it has no meaning for us. ``test_cases.py`` sees to it that
every test named exists, and that no case is missing.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CASES", "Case"]

DATA = "peers/dotnet/test_data.py::"
LEVEL = "peers/dotnet/test_protection.py::"
REFUSAL = "peers/dotnet/test_refusals.py::"
END = "peers/dotnet/test_ends.py::"
CONFORMANCE = "stream/test_conformance.py::"
STREAM = "stream/test_stream.py::"
HANDSHAKE = "stream/test_handshake.py::"
KERBEROS = "mechanisms/test_kerberos.py::"
NTLM = "mechanisms/test_ntlm.py::"
ENGINE = "engine/test_connection.py::"
ASYNCIO = "asyncio_layer/test_"


class Case(NamedTuple):
    """One of theirs.

    :param name: its name there
    :param tests: ours
    :param reason: why there is none, or what theirs has and ours has not
    """

    name: str
    tests: tuple[str, ...] = ()
    reason: str = ""


NO_STATE = "there is no stream before it is authenticated, and none that can be authenticated again"
NO_APM = "there are no Begin and End methods; a coroutine is awaited by whoever called it"
TYPED = "options are typed values of which none is null; text is parsed where it is given"

CASES: dict[str, Case] = {
    # --- stream to stream
    "N01": Case("Authentication_Success, with and without delay",
                (DATA + "test_each_end_knows_the_other", DATA + "test_a_slow_handshake")),
    "N02": Case("Authenticated_DisposeAsync", (STREAM + "test_a_closed_stream_says_so",)),
    "N03": Case("Unauthenticated_Dispose",
                (HANDSHAKE + "test_cancelling_a_handshake_abandons_its_thread_and_returns",
                 END + "test_a_handshake_of_ours_that_is_cancelled")),
    "N04": Case("Authentication_TargetName_Success",
                (STREAM + "test_both_ends_know_each_other", DATA + "test_each_end_knows_the_other")),
    "N05": Case("Authentication_EmptyCredentials_Fails",
                (REFUSAL + "test_we_have_no_ticket", REFUSAL + "test_they_have_no_ticket",
                 KERBEROS + "test_credentials_that_do_not_serve_are_named")),
    "N06": Case("Successive_ClientWrite_Success, reading five bytes", (DATA + "test_many_small_writes",)),
    "N07": Case("ReadWriteLongMsg_Success, 63 KiB + 1", (DATA + "test_any_size",)),
    "N08": Case("Flush_Propagated", (CONFORMANCE + "test_nothing_needs_a_flush",), "there is no flush"),
    "N09": Case("FlushAsync_Propagated", (CONFORMANCE + "test_nothing_needs_a_flush",), "there is no flush"),
    "N10": Case("Successive_CancelableReadsWrites", (END + "test_our_receive_cancelled_again_and_again",)),
    "N11": Case("end of stream seen as end", (END + "test_our_end_is_their_end",
                                              END + "test_their_end_is_an_error_unless_allowed")),
    "N12": Case("a read that fails within a frame never gives stale bytes",
                (END + "test_we_are_cut_off_in_the_middle_of_a_message",
                 ENGINE + "test_a_conversation_cut_at_every_byte_is_an_error_and_never_data")),
    # --- misuse
    "N13": Case("StreamContractTest_Success", reason="a stream of ours is always readable and writable, never "
                                                     "seekable, and has no properties that say so"),
    "N14": Case("EndReadEndWriteInvalidParameter_Throws", reason=NO_APM),
    "N15": Case("InvalidPolicy_Throws", (STREAM + "test_a_target_is_checked_where_it_is_made",), TYPED),
    "N16": Case("TokenImpersonationLevelRequirmentNotMatch_Throws",
                (REFUSAL + "test_their_server_wants_to_be_delegated_to",
                 REFUSAL + "test_credentials_that_they_would_delegate"),
                "asyncauth delegates nothing and takes nothing delegated"),
    "N17": Case("SPNRequirmentNotMeet_Throws", (REFUSAL + "test_their_ticket_for_another_account",),
                "an acceptor cannot know which of its account's names was asked for; .NET on Linux checks none"),
    "N18": Case("DisposedState_Throws", (STREAM + "test_a_closed_stream_says_so",
                                         ASYNCIO + "ends.py::test_a_closed_transport_takes_calls_as_asyncio_s_do")),
    "N19": Case("DoubleAuthentication_Throws", (CONFORMANCE + "test_three_in_each_other",),
                NO_STATE + "; a second authentication is a stream in the stream"),
    "N20": Case("NullCredential_Throws", reason=TYPED + "; no credential means the default one"),
    "N21": Case("NullServicePrincipalName_Throws",
                (ASYNCIO + "upgrade.py::test_the_arguments_of_both_roles_are_checked",), TYPED),
    "N22": Case("SecurityRequirmentNotMeet_Throws, both ends",
                (LEVEL + "test_their_server_refuses_less_than_it_requires",
                 LEVEL + "test_our_server_refuses_less_than_it_requires",
                 HANDSHAKE + "test_too_little_protection_is_refused_at_both_ends")),
    "N23": Case("EndAuthenticateInvalidParameter_Throws", reason=NO_APM),
    "N24": Case("InvalidParametersForReadWrite_Throws",
                (CONFORMANCE + "test_what_has_no_bytes_is_refused",
                 STREAM + "test_receive_gives_at_most_what_was_asked_for")),
    # --- Kerberos
    "N25": Case("ClientAuthenticationRemote_Success, forms of credentials",
                (KERBEROS + "test_a_password_needs_no_cache_and_no_environment", KERBEROS + "test_a_keytab_as_client",
                 REFUSAL + "test_a_password_of_theirs")),
    "N26": Case("ClientAuthenticationRemote_Fails, forms of bad credentials",
                (KERBEROS + "test_a_wrong_password_is_named_and_not_shown",
                 KERBEROS + "test_credentials_that_do_not_serve_are_named",
                 REFUSAL + "test_a_wrong_password_of_theirs")),
    "N27": Case("ServerAuthenticationRemote_Success", (DATA + "test_each_end_knows_the_other",)),
    "N28": Case("StreamToStream_ValidAuthentication_Success, two SPNs",
                (DATA + "test_each_end_knows_the_other", REFUSAL + "test_what_their_server_takes")),
    "N29": Case("StreamToStream_InvalidAuthentication_Failure, never NTLM",
                (REFUSAL + "test_their_server_has_another_key",
                 REFUSAL + "test_a_name_that_they_cannot_get_a_ticket_for",
                 REFUSAL + "test_a_wrong_password_of_theirs",
                 HANDSHAKE + "test_a_server_that_offers_ntlm_gets_no_byte")),
    "N30": Case("Successive_ClientWrite_Sync_Success", (DATA + "test_many_small_writes",)),
    "N31": Case("Successive_ClientWrite_Async_Success", (DATA + "test_many_small_writes",)),
    "N32": Case("ReadWriteLongMsgSync_Success", (DATA + "test_any_size",)),
    "N33": Case("ReadWriteLongMsgAsync_Success", (DATA + "test_any_size",)),
    "N34": Case("Loopback_Success", (STREAM + "test_echo",)),
    "N35": Case("Incorrect_Credentials", (REFUSAL + "test_a_wrong_password_of_theirs",
                                          KERBEROS + "test_a_wrong_password_is_named_and_not_shown")),
    "N36": Case("ChannelBindings_Matching, endpoint", reason="asyncauth binds to no TLS channel yet"),
    "N37": Case("ChannelBindings_Matching, unique", reason="undefined in TLS 1.3, and not planned"),
    "N38": Case("ChannelBindings_Mismatched, endpoint",
                reason="asyncauth binds to no TLS channel yet; .NET's server on Linux ignores bindings"),
    "N39": Case("ChannelBindings_Mismatched, unique", reason="undefined in TLS 1.3, and not planned"),
    "N40": Case("ClientAuthentication_ValidCredentials_Succeeds, forms of the SPN",
                (KERBEROS + "test_a_three_part_spn_reaches_the_kdc_as_three_components",
                 "test_spn.py::test_row_49_principal"), "an SPN carries no realm here; the ticket's realm has it"),
    "N41": Case("ClientAuthentication_DefaultCredentials_Succeeds",
                (KERBEROS + "test_the_default_credential_is_the_environments",)),
    "N42": Case("ClientServerAuthentication_Succeeds", (STREAM + "test_echo",)),
    "N43": Case("ClientServer_WrapUnwrap_Succeeds", (KERBEROS + "test_messages_in_both_directions",)),
    "N44": Case("ClientAuthentication_InvalidCredentials_Fails, within bounds",
                (ENGINE + "test_an_endless_handshake_ends", REFUSAL + "test_our_ticket_for_another_account")),
    "N45": Case("ClientServer_ProtectionLevel_Succeeds",
                (LEVEL + "test_our_client_gets_exactly_what_it_requires",
                 LEVEL + "test_a_client_of_theirs_that_asks_to_sign")),
    "N46": Case("TargetName_ReturnsCorrectSPN", (STREAM + "test_both_ends_know_each_other",),
                "at the client; GSSAPI does not tell a server what it was asked for"),
    "N47": Case("against a web server, with realm hint", reason="no HTTP here, and no realm hints"),
    "N48": Case("Constructor_Overloads_Validation", reason=TYPED),
    "N49": Case("RemoteIdentity_ThrowsOnUnauthenticated",
                (CONFORMANCE + "test_what_is_known_is_known_after_the_end",), NO_STATE),
    "N50": Case("RemoteIdentity_ThrowsOnDisposed", (CONFORMANCE + "test_what_is_known_is_known_after_the_end",),
                "what was reached stays known"),
    "N51": Case("Package_Unsupported", (KERBEROS + "test_kerberos_alone_does_not_take_spnego",
                                        "test_architecture.py::test_the_pure_wheel_works_without_gssapi")),
    "N52": Case("Package_Unsupported_NTLM",
                (LEVEL + "test_a_client_of_theirs_without_protection_is_refused",
                 KERBEROS + "test_ntlm_from_a_client_is_refused")),
    "N53": Case("Package_Supported_NTLM", (NTLM + "test_it_works_where_mutual_is_given_up_by_name",
                                           LEVEL + "test_ntlm_by_name_where_mutual_is_given_up")),
    "N54": Case("DefaultNetworkCredentials_NTLM", reason="NTLM has no ambient credentials outside Windows"),
    "N55": Case("NtlmProtocolExampleTest", reason="NTLM is pyspnego's, and so are the tests of its bytes"),
    "N56": Case("NtlmCorrectExchangeTest, NtlmIncorrectExchangeTest",
                (NTLM + "test_it_works_where_mutual_is_given_up_by_name",
                 NTLM + "test_a_wrong_password_is_refused_and_not_shown")),
    "N57": Case("NtlmEncryptionTest, NtlmSignatureTest, NtlmIntegrityCheckTest",
                (NTLM + "test_it_works_where_mutual_is_given_up_by_name", NTLM + "test_an_altered_message_is_refused")),
    "N58": Case("NegotiateCorrectExchangeTest, NTLM in SPNEGO",
                (KERBEROS + "test_a_peer_that_offers_ntlm_is_refused", REFUSAL + "test_a_wrong_password_of_theirs"),
                "our Negotiate is Kerberos or nothing"),
    # --- stream conformance
    "N59": Case("ArgumentValidation", (CONFORMANCE + "test_what_has_no_bytes_is_refused",
                                       STREAM + "test_receive_gives_at_most_what_was_asked_for")),
    "N60": Case("Disposed_ThrowsObjectDisposedException", (STREAM + "test_a_closed_stream_says_so",)),
    "N61": Case("ReadWriteAsync_PrecanceledOperations",
                (CONFORMANCE + "test_a_receive_that_times_out_loses_nothing",
                 STREAM + "test_a_send_cancelled_before_it_began_has_no_effect")),
    "N62": Case("ReadAsync_CancelPendingTask", (CONFORMANCE + "test_a_receive_that_times_out_loses_nothing",
                                                END + "test_our_cancelled_receive_loses_nothing")),
    "N63": Case("ReadWriteByte_Success", (CONFORMANCE + "test_byte_by_byte",)),
    "N64": Case("ReadWrite_Success", (CONFORMANCE + "test_byte_by_byte", DATA + "test_any_size")),
    "N65": Case("ReadWrite_Success_Large, 10 MiB", (DATA + "test_ten_mebibytes_each_way_at_once",
                                                    STREAM + "test_any_size_both_ways_at_once")),
    "N66": Case("ReadWrite_MessagesSmallerThanReadBuffer", (CONFORMANCE + "test_byte_by_byte",)),
    "N67": Case("Read_Eof_Returns0, data first or not", (END + "test_our_end_is_their_end",
                                                         STREAM + "test_half_close_in_both_orders")),
    "N68": Case("Read_DataStoredAtDesiredOffset", (ASYNCIO + "conversation.py::test_a_buffered_protocol_is_filled",)),
    "N69": Case("Write_DataReadFromDesiredOffset", (CONFORMANCE + "test_any_memory",)),
    "N70": Case("WriteWithBrokenPipe_Throws", (END + "test_they_close",)),
    "N71": Case("ClosedConnection_WritesFailImmediately", (END + "test_they_close",),
                "before long: TCP takes what is written until the peer's reset arrives"),
    "N72": Case("ReadAsync_DuplicateResultUse_Throws", reason="a coroutine's result is had once"),
    "N73": Case("ReadAsync_ContinuesOnCurrentContext", (CONFORMANCE + "test_the_callers_context_survives",)),
    "N74": Case("ZeroByteRead_BlocksUntilDataAvailable", (STREAM + "test_receive_gives_at_most_what_was_asked_for",),
                "asking for no byte is an error"),
    "N75": Case("ZeroByteWrite_OtherDataReceived", (CONFORMANCE + "test_an_empty_send_disturbs_nobody",
                                                    END + "test_our_empty_send_is_nothing",
                                                    END + "test_their_empty_write_is_no_end")),
    "N76": Case("ReadWrite_CustomMemoryManager", (CONFORMANCE + "test_any_memory",)),
    "N77": Case("ConcurrentBidirectionalReadsWrites", (DATA + "test_small_pieces_each_way_at_once",
                                                       STREAM + "test_any_size_both_ways_at_once")),
    "N78": Case("CopyToAsync_AllDataCopied", (CONFORMANCE + "test_copying", DATA + "test_what_is_echoed_comes_back")),
    "N79": Case("Parallel_ReadWriteMultipleStreams", (DATA + "test_twenty_connections_to_our_server",
                                                      DATA + "test_twenty_connections_to_their_server")),
    "N80": Case("Timeout_Roundtrips", (CONFORMANCE + "test_a_receive_that_times_out_loses_nothing",),
                "a deadline is the caller's scope, not a property"),
    "N81": Case("ReadTimeout_Expires_Throws", (CONFORMANCE + "test_a_receive_that_times_out_loses_nothing",)),
    "N82": Case("CancelPendingRead_DoesntImpactSubsequentReads",
                (END + "test_our_cancelled_receive_loses_nothing", STREAM + "test_a_cancelled_receive_loses_nothing"),
                "required of us; .NET's own does not: " + END + "test_their_cancelled_read"),
    "N83": Case("CancelPendingWrite_SucceedsOrThrowsOperationCanceled",
                (CONFORMANCE + "test_a_cancelled_send_is_whole_or_an_error",
                 STREAM + "test_a_send_cancelled_half_way_ends_sending_and_nothing_else")),
    "N84": Case("ConcurrentRead_Throws", (STREAM + "test_a_second_reader_or_writer_is_told_to_wait",)),
    "N85": Case("Flush_ValidOnWriteableStreamWithNoData", (CONFORMANCE + "test_nothing_needs_a_flush",),
                "there is no flush"),
    "N86": Case("Dispose_ClosesStream", (CONFORMANCE + "test_what_lies_beneath_is_closed_too",)),
    "N87": Case("Flush_FlushesUnderlyingStream", (CONFORMANCE + "test_nothing_needs_a_flush",), "there is no flush"),
    "N88": Case("Dispose_Flushes", (CONFORMANCE + "test_nothing_needs_a_flush",
                                    ASYNCIO + "ends.py::test_close_sends_everything_first")),
    "N89": Case("Dispose_ClosesInnerStreamIfDesired", (CONFORMANCE + "test_what_lies_beneath_is_closed_too",),
                "always: what was sealed for one stream means nothing on another"),
    "N90": Case("UseWrappedAfterClose_Success",
                (CONFORMANCE + "test_what_lies_beneath_is_closed_too",), "it is closed with the stream"),
    "N91": Case("NestedStreams", (CONFORMANCE + "test_three_in_each_other",
                                  STREAM + "test_unix_sockets_and_streams_in_streams")),
    "N92": Case("ZeroByteRead_PerformsZeroByteReadOnUnderlyingStream",
                reason="there is no read of no bytes; waiting holds no buffer of the caller's"),
}  # fmt: skip

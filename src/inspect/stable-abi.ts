/**
 * Which names of Python's C API are in its limited API, and since when: a module that uses no others runs on any later
 * Python 3. Names of 3.14 and later are not listed.
 *
 * Source: CPython, Misc/stable_abi.toml and Lib/test/test_stable_abi_ctypes.py of 3.11 to 3.13.
 */
import { compareVersions, parseVersion, sorted } from "../base/order.ts";

/** Names by the version that brought them, without the leading `Py`; those that begin with `_Py` keep the underscore. */
const NAMES: Readonly<Record<string, string>> = {
  "3.2": `
    Arg_Parse Arg_ParseTuple Arg_ParseTupleAndKeywords Arg_UnpackTuple Arg_VaParse Arg_VaParseTupleAndKeywords
    Arg_ValidateKeywordArguments BaseObject_Type Bool_FromLong Bool_Type ByteArrayIter_Type ByteArray_AsString
    ByteArray_Concat ByteArray_FromObject ByteArray_FromStringAndSize ByteArray_Resize ByteArray_Size ByteArray_Type
    BytesIter_Type Bytes_AsString Bytes_AsStringAndSize Bytes_Concat Bytes_ConcatAndDel Bytes_DecodeEscape
    Bytes_FromFormat Bytes_FromFormatV Bytes_FromObject Bytes_FromString Bytes_FromStringAndSize Bytes_Repr Bytes_Size
    Bytes_Type CFunction_Call CFunction_GetFlags CFunction_GetFunction CFunction_GetSelf CFunction_NewEx
    CFunction_Type CallIter_New CallIter_Type Callable_Check Capsule_GetContext Capsule_GetDestructor Capsule_GetName
    Capsule_GetPointer Capsule_Import Capsule_IsValid Capsule_New Capsule_SetContext Capsule_SetDestructor
    Capsule_SetName Capsule_SetPointer Capsule_Type ClassMethodDescr_Type Codec_BackslashReplaceErrors Codec_Decode
    Codec_Decoder Codec_Encode Codec_Encoder Codec_IgnoreErrors Codec_IncrementalDecoder Codec_IncrementalEncoder
    Codec_KnownEncoding Codec_LookupError Codec_Register Codec_RegisterError Codec_ReplaceErrors Codec_StreamReader
    Codec_StreamWriter Codec_StrictErrors Codec_XMLCharRefReplaceErrors Complex_FromDoubles Complex_ImagAsDouble
    Complex_RealAsDouble Complex_Type Descr_NewClassMethod Descr_NewGetSet Descr_NewMember Descr_NewMethod
    DictItems_Type DictIterItem_Type DictIterKey_Type DictIterValue_Type DictKeys_Type DictProxy_New DictProxy_Type
    DictValues_Type Dict_Clear Dict_Contains Dict_Copy Dict_DelItem Dict_DelItemString Dict_GetItem Dict_GetItemString
    Dict_GetItemWithError Dict_Items Dict_Keys Dict_Merge Dict_MergeFromSeq2 Dict_New Dict_Next Dict_SetItem
    Dict_SetItemString Dict_Size Dict_Type Dict_Update Dict_Values Ellipsis_Type Enum_Type Err_BadArgument
    Err_BadInternalCall Err_CheckSignals Err_Clear Err_Display Err_ExceptionMatches Err_Fetch Err_Format
    Err_GivenExceptionMatches Err_NewException Err_NewExceptionWithDoc Err_NoMemory Err_NormalizeException
    Err_Occurred Err_Print Err_PrintEx Err_ProgramText Err_Restore Err_SetFromErrno Err_SetFromErrnoWithFilename
    Err_SetFromErrnoWithFilenameObject Err_SetInterrupt Err_SetNone Err_SetObject Err_SetString Err_SyntaxLocation
    Err_WarnEx Err_WarnExplicit Err_WarnFormat Err_WriteUnraisable Eval_AcquireLock Eval_AcquireThread
    Eval_CallFunction Eval_CallMethod Eval_CallObjectWithKeywords Eval_EvalCode Eval_EvalCodeEx Eval_EvalFrame
    Eval_EvalFrameEx Eval_GetBuiltins Eval_GetFrame Eval_GetFuncDesc Eval_GetFuncName Eval_GetGlobals Eval_GetLocals
    Eval_InitThreads Eval_ReleaseLock Eval_ReleaseThread Eval_RestoreThread Eval_SaveThread Eval_ThreadsInitialized
    Exc_ArithmeticError Exc_AssertionError Exc_AttributeError Exc_BaseException Exc_BaseExceptionGroup Exc_BufferError
    Exc_BytesWarning Exc_DeprecationWarning Exc_EOFError Exc_EnvironmentError Exc_Exception Exc_FloatingPointError
    Exc_FutureWarning Exc_GeneratorExit Exc_IOError Exc_ImportError Exc_ImportWarning Exc_IndentationError
    Exc_IndexError Exc_KeyError Exc_KeyboardInterrupt Exc_LookupError Exc_MemoryError Exc_NameError
    Exc_NotImplementedError Exc_OSError Exc_OverflowError Exc_PendingDeprecationWarning Exc_ReferenceError
    Exc_RuntimeError Exc_RuntimeWarning Exc_StopIteration Exc_SyntaxError Exc_SyntaxWarning Exc_SystemError
    Exc_SystemExit Exc_TabError Exc_TypeError Exc_UnboundLocalError Exc_UnicodeDecodeError Exc_UnicodeEncodeError
    Exc_UnicodeError Exc_UnicodeTranslateError Exc_UnicodeWarning Exc_UserWarning Exc_ValueError Exc_Warning
    Exc_ZeroDivisionError Exception_GetCause Exception_GetContext Exception_GetTraceback Exception_SetCause
    Exception_SetContext Exception_SetTraceback File_FromFd File_GetLine File_WriteObject File_WriteString Filter_Type
    Float_AsDouble Float_FromDouble Float_FromString Float_GetInfo Float_GetMax Float_GetMin Float_Type FrozenSet_New
    FrozenSet_Type GC_Collect GILState_Ensure GILState_GetThisThreadState GILState_Release GetSetDescr_Type
    Import_AddModule Import_AppendInittab Import_ExecCodeModule Import_ExecCodeModuleEx
    Import_ExecCodeModuleWithPathnames Import_GetImporter Import_GetMagicNumber Import_GetMagicTag
    Import_GetModuleDict Import_Import Import_ImportFrozenModule Import_ImportModule Import_ImportModuleLevel
    Import_ImportModuleNoBlock Import_ReloadModule InterpreterState_Clear InterpreterState_Delete InterpreterState_New
    Iter_Next ListIter_Type ListRevIter_Type List_Append List_AsTuple List_GetItem List_GetSlice List_Insert List_New
    List_Reverse List_SetItem List_SetSlice List_Size List_Sort List_Type LongRangeIter_Type Long_AsDouble Long_AsLong
    Long_AsLongAndOverflow Long_AsLongLong Long_AsLongLongAndOverflow Long_AsSize_t Long_AsSsize_t Long_AsUnsignedLong
    Long_AsUnsignedLongLong Long_AsUnsignedLongLongMask Long_AsUnsignedLongMask Long_AsVoidPtr Long_FromDouble
    Long_FromLong Long_FromLongLong Long_FromSize_t Long_FromSsize_t Long_FromString Long_FromUnsignedLong
    Long_FromUnsignedLongLong Long_FromVoidPtr Long_GetInfo Long_Type Map_Type Mapping_Check Mapping_GetItemString
    Mapping_HasKey Mapping_HasKeyString Mapping_Items Mapping_Keys Mapping_Length Mapping_SetItemString Mapping_Size
    Mapping_Values Marshal_ReadObjectFromString Marshal_WriteObjectToString Mem_Free Mem_Malloc Mem_Realloc
    MemberDescr_Type Member_GetOne Member_SetOne MemoryView_FromObject MemoryView_GetContiguous MemoryView_Type
    MethodDescr_Type Module_AddIntConstant Module_AddObject Module_AddStringConstant Module_Create2 Module_GetDef Module_GetDict
    Module_GetFilename Module_GetFilenameObject Module_GetName Module_GetState Module_New Module_Type Number_Absolute
    Number_Add Number_And Number_AsSsize_t Number_Check Number_Divmod Number_Float Number_FloorDivide
    Number_InPlaceAdd Number_InPlaceAnd Number_InPlaceFloorDivide Number_InPlaceLshift Number_InPlaceMultiply
    Number_InPlaceOr Number_InPlacePower Number_InPlaceRemainder Number_InPlaceRshift Number_InPlaceSubtract
    Number_InPlaceTrueDivide Number_InPlaceXor Number_Index Number_Invert Number_Long Number_Lshift Number_Multiply
    Number_Negative Number_Or Number_Positive Number_Power Number_Remainder Number_Rshift Number_Subtract
    Number_ToBase Number_TrueDivide Number_Xor OS_InputHook OS_InterruptOccurred OS_double_to_string OS_getsig
    OS_mystricmp OS_mystrnicmp OS_setsig OS_snprintf OS_string_to_double OS_strtol OS_strtoul OS_vsnprintf
    Object_ASCII Object_AsCharBuffer Object_AsFileDescriptor Object_AsReadBuffer Object_AsWriteBuffer Object_Bytes
    Object_Call Object_CallFunction Object_CallFunctionObjArgs Object_CallMethod Object_CallMethodObjArgs
    Object_CallObject Object_CheckReadBuffer Object_ClearWeakRefs Object_DelItem Object_DelItemString Object_Dir
    Object_Format Object_Free Object_GC_Del Object_GC_Track Object_GC_UnTrack Object_GenericGetAttr
    Object_GenericSetAttr Object_GetAttr Object_GetAttrString Object_GetItem Object_GetIter Object_HasAttr
    Object_HasAttrString Object_Hash Object_HashNotImplemented Object_Init Object_InitVar Object_IsInstance
    Object_IsSubclass Object_IsTrue Object_Length Object_Malloc Object_Not Object_Realloc Object_Repr
    Object_RichCompare Object_RichCompareBool Object_SelfIter Object_SetAttr Object_SetAttrString Object_SetItem
    Object_Size Object_Str Object_Type Property_Type RangeIter_Type Range_Type Reversed_Type SeqIter_New SeqIter_Type
    Sequence_Check Sequence_Concat Sequence_Contains Sequence_Count Sequence_DelItem Sequence_DelSlice Sequence_Fast
    Sequence_GetItem Sequence_GetSlice Sequence_In Sequence_InPlaceConcat Sequence_InPlaceRepeat Sequence_Index
    Sequence_Length Sequence_List Sequence_Repeat Sequence_SetItem Sequence_SetSlice Sequence_Size Sequence_Tuple
    SetIter_Type Set_Add Set_Clear Set_Contains Set_Discard Set_New Set_Pop Set_Size Set_Type Slice_GetIndices
    Slice_GetIndicesEx Slice_New Slice_Type State_FindModule StructSequence_GetItem StructSequence_New
    StructSequence_NewType StructSequence_SetItem Super_Type Sys_AddWarnOption Sys_AddWarnOptionUnicode
    Sys_FormatStderr Sys_FormatStdout Sys_GetObject Sys_HasWarnOptions Sys_ResetWarnOptions Sys_SetArgv Sys_SetArgvEx
    Sys_SetObject Sys_SetPath Sys_WriteStderr Sys_WriteStdout ThreadState_Clear ThreadState_Delete
    ThreadState_DeleteCurrent ThreadState_Get ThreadState_GetDict ThreadState_New ThreadState_SetAsyncExc
    ThreadState_Swap Thread_ReInitTLS Thread_acquire_lock Thread_acquire_lock_timed Thread_allocate_lock
    Thread_create_key Thread_delete_key Thread_delete_key_value Thread_exit_thread Thread_free_lock
    Thread_get_key_value Thread_get_stacksize Thread_get_thread_ident Thread_init_thread Thread_release_lock
    Thread_set_key_value Thread_set_stacksize Thread_start_new_thread TraceBack_Here TraceBack_Print TraceBack_Type
    TupleIter_Type Tuple_GetItem Tuple_GetSlice Tuple_New Tuple_Pack Tuple_SetItem Tuple_Size Tuple_Type
    Type_ClearCache Type_FromSpec Type_GenericAlloc Type_GenericNew Type_GetFlags Type_IsSubtype Type_Modified
    Type_Ready Type_Type UnicodeDecodeError_Create UnicodeDecodeError_GetEncoding UnicodeDecodeError_GetEnd
    UnicodeDecodeError_GetObject UnicodeDecodeError_GetReason UnicodeDecodeError_GetStart UnicodeDecodeError_SetEnd
    UnicodeDecodeError_SetReason UnicodeDecodeError_SetStart UnicodeEncodeError_GetEncoding UnicodeEncodeError_GetEnd
    UnicodeEncodeError_GetObject UnicodeEncodeError_GetReason UnicodeEncodeError_GetStart UnicodeEncodeError_SetEnd
    UnicodeEncodeError_SetReason UnicodeEncodeError_SetStart UnicodeIter_Type UnicodeTranslateError_GetEnd
    UnicodeTranslateError_GetObject UnicodeTranslateError_GetReason UnicodeTranslateError_GetStart
    UnicodeTranslateError_SetEnd UnicodeTranslateError_SetReason UnicodeTranslateError_SetStart Unicode_Append
    Unicode_AppendAndDel Unicode_AsASCIIString Unicode_AsCharmapString Unicode_AsDecodedObject
    Unicode_AsDecodedUnicode Unicode_AsEncodedObject Unicode_AsEncodedString Unicode_AsEncodedUnicode
    Unicode_AsLatin1String Unicode_AsRawUnicodeEscapeString Unicode_AsUTF16String Unicode_AsUTF32String
    Unicode_AsUTF8String Unicode_AsUnicodeEscapeString Unicode_AsWideChar Unicode_BuildEncodingMap Unicode_Compare
    Unicode_CompareWithASCIIString Unicode_Concat Unicode_Contains Unicode_Count Unicode_Decode Unicode_DecodeASCII
    Unicode_DecodeCharmap Unicode_DecodeFSDefault Unicode_DecodeFSDefaultAndSize Unicode_DecodeLatin1
    Unicode_DecodeRawUnicodeEscape Unicode_DecodeUTF16 Unicode_DecodeUTF16Stateful Unicode_DecodeUTF32
    Unicode_DecodeUTF32Stateful Unicode_DecodeUTF7 Unicode_DecodeUTF7Stateful Unicode_DecodeUTF8
    Unicode_DecodeUTF8Stateful Unicode_DecodeUnicodeEscape Unicode_EncodeFSDefault Unicode_FSConverter
    Unicode_FSDecoder Unicode_Find Unicode_Format Unicode_FromEncodedObject Unicode_FromFormat Unicode_FromFormatV
    Unicode_FromObject Unicode_FromOrdinal Unicode_FromString Unicode_FromStringAndSize Unicode_FromWideChar
    Unicode_GetDefaultEncoding Unicode_GetSize Unicode_InternFromString Unicode_InternImmortal Unicode_InternInPlace
    Unicode_IsIdentifier Unicode_Join Unicode_Partition Unicode_RPartition Unicode_RSplit Unicode_Replace
    Unicode_Resize Unicode_RichCompare Unicode_Split Unicode_Splitlines Unicode_Tailmatch Unicode_Translate
    Unicode_Type Weakref_GetObject Weakref_NewProxy Weakref_NewRef WrapperDescr_Type Wrapper_New Zip_Type
    _AddPendingCall _AtExit _BuildValue _CompileString _DecRef _EndInterpreter _Err_BadInternalCall _Exit _FatalError
    _FileSystemDefaultEncoding _Finalize _GetBuildInfo _GetCompiler _GetCopyright _GetExecPrefix _GetPath _GetPlatform
    _GetPrefix _GetProgramFullPath _GetProgramName _GetPythonHome _GetRecursionLimit _GetVersion
    _HasFileSystemDefaultEncoding _IncRef _Initialize _InitializeEx _IsInitialized _Main _MakePendingCalls
    _NewInterpreter _Object_CallFunction_SizeT _Object_CallMethod_SizeT _Object_GC_New _Object_GC_NewVar
    _Object_GC_Resize _Object_New _Object_NewVar _ReprEnter _ReprLeave _SetProgramName _SetPythonHome
    _SetRecursionLimit _State_AddModule _ThreadState_Init _ThreadState_Prealloc _VaBuildValue
    _Weakref_CallableProxyType _Weakref_ProxyType _Weakref_RefType __BuildValue_SizeT __CheckRecursiveCall __Dealloc
    __EllipsisObject __FalseStruct __NoneStruct __NotImplementedStruct __SwappedOp __TrueStruct __VaBuildValue_SizeT`,
  "3.3": `
    State_AddModule State_RemoveModule Thread_GetInfo Type_FromSpecWithBases _Arg_ParseTupleAndKeywords_SizeT
    _Arg_ParseTuple_SizeT _Arg_Parse_SizeT _Arg_VaParseTupleAndKeywords_SizeT _Arg_VaParse_SizeT`,
  "3.4": `
    CFunction_New Type_GetSlot`,
  "3.5": `
    Err_FormatV ModuleDef_Init ModuleDef_Type`,
  "3.6": `
    Err_ResourceWarning Err_SetImportErrorSubclass Exc_ModuleNotFoundError OS_FSPath _FinalizeEx`,
  "3.7": `
    Codec_NameReplaceErrors Err_GetExcInfo Err_SetExcFromWindowsErr Err_SetExcFromWindowsErrWithFilename
    Err_SetExcFromWindowsErrWithFilenameObject Err_SetExcFromWindowsErrWithFilenameObjects Err_SetExcInfo
    Err_SetFromErrnoWithFilenameObjects Err_SetFromWindowsErr Err_SetFromWindowsErrWithFilename Err_SetImportError
    Err_SyntaxLocationEx Exc_BlockingIOError Exc_BrokenPipeError Exc_ChildProcessError Exc_ConnectionAbortedError
    Exc_ConnectionError Exc_ConnectionRefusedError Exc_ConnectionResetError Exc_FileExistsError Exc_FileNotFoundError
    Exc_InterruptedError Exc_IsADirectoryError Exc_NotADirectoryError Exc_PermissionError Exc_ProcessLookupError
    Exc_RecursionError Exc_ResourceWarning Exc_StopAsyncIteration Exc_TimeoutError Exc_WindowsError
    Import_AddModuleObject Import_ExecCodeModuleObject Import_ImportFrozenModuleObject Import_ImportModuleLevelObject
    InterpreterState_GetID Mem_Calloc MemoryView_FromMemory Module_AddFunctions Module_ExecDef Module_FromDefAndSpec2
    Module_GetNameObject Module_NewObject Module_SetDocString Number_InPlaceMatrixMultiply Number_MatrixMultiply
    OS_AfterFork_Child OS_AfterFork_Parent OS_BeforeFork OS_CheckStack Object_Calloc Object_GenericSetDict
    Slice_AdjustIndices Slice_Unpack Sys_AddXOption Sys_GetXOptions Thread_tss_alloc Thread_tss_create
    Thread_tss_delete Thread_tss_free Thread_tss_get Thread_tss_is_created Thread_tss_set Unicode_AsMBCSString
    Unicode_AsUCS4 Unicode_AsUCS4Copy Unicode_AsWideCharString Unicode_DecodeCodePageStateful Unicode_DecodeLocale
    Unicode_DecodeLocaleAndSize Unicode_DecodeMBCS Unicode_DecodeMBCSStateful Unicode_EncodeCodePage
    Unicode_EncodeLocale Unicode_FindChar Unicode_GetLength Unicode_ReadChar Unicode_Substring Unicode_WriteChar
    _DecodeLocale _EncodeLocale _SetPath`,
  "3.8": `
    DictRevIterItem_Type DictRevIterKey_Type DictRevIterValue_Type ExceptionClass_Name Import_GetModule Index_Check
    InterpreterState_GetDict Iter_Check _BytesMain _UTF8Mode`,
  "3.9": `
    CMethod_New InterpreterState_Get Object_GC_IsFinalized Object_GC_IsTracked _EnterRecursiveCall _GenericAlias
    _GenericAliasType _LeaveRecursiveCall`,
  "3.10": `
    AIter_Check Codec_Unregister Err_SetInterruptEx Exc_EncodingWarning Frame_GetCode Frame_GetLineNumber GC_Disable
    GC_Enable GC_IsEnabled Iter_Send Module_AddObjectRef Module_AddType Object_CallNoArgs Object_GenericGetDict
    Object_GetAIter ThreadState_GetFrame ThreadState_GetID ThreadState_GetInterpreter Type_FromModuleAndSpec
    Type_GetModule Type_GetModuleState Unicode_AsUTF8AndSize _FileSystemDefaultEncodeErrors _GetArgcArgv _Is _IsFalse
    _IsNone _IsTrue _NewRef _XNewRef __DecRef __IncRef __NegativeRefcount __RefTotal`,
  "3.11": `
    Buffer_FillContiguousStrides Buffer_FillInfo Buffer_FromContiguous Buffer_GetPointer Buffer_IsContiguous
    Buffer_Release Buffer_SizeFromFormat Buffer_ToContiguous Err_GetHandledException Err_SetHandledException
    MemoryView_FromBuffer Object_CheckBuffer Object_CopyData Object_GetBuffer StructSequence_UnnamedField Type_GetName
    Type_GetQualName _Version`,
  "3.12": `
    Err_DisplayException Err_GetRaisedException Err_SetRaisedException Exception_GetArgs Exception_SetArgs
    Object_GetTypeData Object_Vectorcall Object_VectorcallMethod Type_FromMetaclass Type_GetTypeDataSize
    Vectorcall_Call Vectorcall_NARGS`,
  "3.13": `
    Dict_GetItemRef Dict_GetItemStringRef Eval_GetFrameBuiltins Eval_GetFrameGlobals Eval_GetFrameLocals
    Import_AddModuleRef List_GetItemRef Long_AsInt Mapping_GetOptionalItem Mapping_GetOptionalItemString
    Mapping_HasKeyStringWithError Mapping_HasKeyWithError Mem_RawCalloc Mem_RawFree Mem_RawMalloc Mem_RawRealloc
    Module_Add Object_DelAttr Object_DelAttrString Object_GetOptionalAttr Object_GetOptionalAttrString
    Object_HasAttrStringWithError Object_HasAttrWithError Sys_Audit Sys_AuditTuple Type_GetFullyQualifiedName
    Type_GetModuleByDef Type_GetModuleName Unicode_EqualToUTF8 Unicode_EqualToUTF8AndSize Weakref_GetRef _GetConstant
    _GetConstantBorrowed _IsFinalizing __SetRefcnt`,
};

/**
 * Names that Python had before they became part of the limited API, by the oldest one that has them, counted from 3.6: what calls them
 * loads there, too. Read off the interpreters.
 */
const EARLIER: Readonly<Record<string, string>> = {
  "3.6": `
    Buffer_FillContiguousStrides Buffer_FillInfo Buffer_FromContiguous Buffer_GetPointer Buffer_IsContiguous
    Buffer_Release Buffer_ToContiguous Codec_NameReplaceErrors Err_GetExcInfo Err_SetExcInfo
    Err_SetFromErrnoWithFilenameObjects Err_SetImportError Err_SyntaxLocationEx Exc_BlockingIOError
    Exc_BrokenPipeError Exc_ChildProcessError Exc_ConnectionAbortedError Exc_ConnectionError
    Exc_ConnectionRefusedError Exc_ConnectionResetError Exc_FileExistsError Exc_FileNotFoundError
    Exc_InterruptedError Exc_IsADirectoryError Exc_NotADirectoryError Exc_PermissionError Exc_ProcessLookupError
    Exc_RecursionError Exc_ResourceWarning Exc_StopAsyncIteration Exc_TimeoutError Frame_GetLineNumber
    Import_AddModuleObject Import_ExecCodeModuleObject Import_ImportFrozenModuleObject
    Import_ImportModuleLevelObject Mem_Calloc Mem_RawCalloc Mem_RawFree Mem_RawMalloc Mem_RawRealloc
    MemoryView_FromBuffer MemoryView_FromMemory Module_AddFunctions Module_ExecDef Module_FromDefAndSpec2
    Module_GetNameObject Module_NewObject Module_SetDocString Number_InPlaceMatrixMultiply Number_MatrixMultiply
    Object_Calloc Object_CopyData Object_GenericGetDict Object_GenericSetDict Object_GetBuffer Slice_AdjustIndices
    Slice_Unpack StructSequence_UnnamedField Sys_AddXOption Sys_GetXOptions Unicode_AsUCS4 Unicode_AsUCS4Copy
    Unicode_AsUTF8AndSize Unicode_AsWideCharString Unicode_DecodeLocale Unicode_DecodeLocaleAndSize
    Unicode_EncodeLocale Unicode_FindChar Unicode_GetLength Unicode_ReadChar Unicode_Substring Unicode_WriteChar
    _DecodeLocale _EncodeLocale _FileSystemDefaultEncodeErrors _GetArgcArgv _SetPath`,
  "3.7": `
    Import_GetModule _UTF8Mode`,
  "3.8": `
    Sys_Audit Vectorcall_Call`,
  "3.9": `
    Buffer_SizeFromFormat Frame_GetCode Module_AddType Object_CallNoArgs Object_CheckBuffer Object_VectorcallMethod
    ThreadState_GetFrame ThreadState_GetID ThreadState_GetInterpreter Type_FromModuleAndSpec Type_GetModule
    Type_GetModuleState`,
  "3.11": `
    Object_Vectorcall Type_GetModuleByDef`,
};

function byName(table: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [version, names] of Object.entries(table)) {
    for (const name of names.trim().split(/\s+/)) found.set(name, version);
  }
  return found;
}

let tables: { readonly since: ReadonlyMap<string, string>; readonly earlier: ReadonlyMap<string, string> } | undefined;

/** Made once they are asked for. */
function table(): NonNullable<typeof tables> {
  tables ??= { since: byName(NAMES), earlier: byName(EARLIER) };
  return tables;
}

const KEY = /^(_?)Py(.+)$/;

/** The Python that first has a name of the limited API, which may be older than its part in that. */
function exportedSince(name: string): string | undefined {
  const key = name.replace(KEY, "$1$2");
  return table().earlier.get(key) ?? table().since.get(key);
}

/** The Python that brought a name into the limited API. Undefined when it is not in it. */
export function limitedApiSince(name: string): string | undefined {
  return KEY.test(name) ? table().since.get(name.replace(KEY, "$1$2")) : undefined;
}

/** Whether a module that uses these names keeps to the limited API, and the oldest Python that has them all. */
export function limitedApiUse(used: readonly string[]): {
  readonly only: boolean;
  readonly since?: readonly [number, number];
  /** The oldest Python that has them all, in its limited API or not. */
  readonly loadsSince?: readonly [number, number];
  readonly others: readonly string[];
} {
  let since: readonly number[] = [3, 2];
  let loads: readonly number[] = [3, 2];
  const others: string[] = [];
  for (const name of used) {
    const version = limitedApiSince(name);
    const exported = parseVersion(exportedSince(name) ?? "3.2");
    if (compareVersions(exported, loads) > 0) loads = exported;
    if (version === undefined) others.push(name);
    else if (compareVersions(parseVersion(version), since) > 0) since = parseVersion(version);
  }
  if (others.length > 0) return { only: false, others: sorted(others) };
  const pair = ([major = 3, minor = 2]: readonly number[]): readonly [number, number] => [major, minor];
  return { only: true, since: pair(since), loadsSince: pair(loads), others };
}

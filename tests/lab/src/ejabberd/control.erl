%% Started by the lab inside of ejabberd's own Erlang (file:script/1). Starts the server, says so, and then obeys lines on
%% standard input; their fields are separated by tabs:
%%
%%   register NAME DOMAIN PASSWORD    makes the account, or sets its password
%%
%% Each is answered by one line that begins with "lab: ". The end of the input is the end of the server.

Register = fun(Name, Domain, Password) ->
    case ejabberd_auth:user_exists(Name, Domain) of
        true -> ejabberd_auth:set_password(Name, Domain, Password);
        false -> ejabberd_auth:try_register(Name, Domain, Password)
    end
end,
Obey = fun(Line) ->
    case string:split(string:trim(Line, trailing, "\n"), "\t", all) of
        [<<"register">>, Name, Domain, Password] -> Register(Name, Domain, Password);
        _ -> {error, unknown_command}
    end
end,
Listen = fun Self() ->
    case io:get_line("") of
        Line when is_binary(Line) -> io:format("lab: ~0p~n", [Obey(Line)]), Self();
        _ -> erlang:halt(0, [{flush, false}])
    end
end,
io:setopts([binary, {encoding, unicode}]),
case ejabberd:start() of
    ok -> ok;
    {ok, _} -> ok;
    Failure -> io:format("lab: ~0p~n", [Failure]), erlang:halt(1)
end,
io:format("lab: ready~n"),
%% Not in this process: the emulator counts as booting until it ends.
spawn(Listen).
